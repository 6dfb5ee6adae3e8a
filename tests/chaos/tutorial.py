"""The control's web server: a page that is watched moves nothing, as in the manual, where only the message does.

Our own status page rings again for a request that nobody has heard of; that would rescue what the control should lose.
"""

from app import create_app
from app.archives import reconciling


def ring_for_nobody(user_id: str) -> list[str]:
    return []


reconciling.reconcile_person = ring_for_nobody
flask_app = create_app()
