"""How often one person may write: more than anybody types, too few for a program that fills disks and lists.

Entries, changes, comments and files count together. Nobody else's writing counts, whatever network they share.
"""

from flask_login import current_user

from app.extensions import client_network, limiter

PER_MINUTE = 60


def asker() -> str:
    """The person, or where a stranger comes from."""
    return str(current_user.id) if current_user.is_authenticated else client_network()


limit_writing = limiter.shared_limit(f"{PER_MINUTE} per minute", "writing", key_func=asker, methods=["POST"])
