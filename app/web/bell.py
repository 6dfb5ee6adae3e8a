"""Tells workers that somebody waits. A bell that nobody hears costs seconds: the request is safe in its row."""

from collections.abc import Iterable

from flask import current_app
from kombu.exceptions import OperationalError

from app.tasks import generate_user_archive


def ring(user_ids: Iterable[str]) -> bool:
    """Whether the broker took it. Operators learn what is wrong with it: gone, full, or another password than ours."""
    waiting = list(user_ids)
    try:
        for user_id in waiting:
            generate_user_archive.delay(user_id)
    except OperationalError as error:
        who = ", ".join(waiting)
        current_app.logger.warning("the broker of REDIS_URL cannot be used (%s): the archive of %s waits", error, who)
        return False
    return True
