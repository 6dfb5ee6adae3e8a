"""Is there room for another archive: on the disk where it is made, and among those that the site keeps?

Asked before an attempt, and of the disk while one goes on: nobody knows how large a first archive becomes. What finds
no room waits, and costs no attempt. Smaller ones go on.
"""

import errno
import shutil
from pathlib import Path

from flask import current_app
from sqlalchemy import func, select

from app.archives import storage
from app.archives.ledger import Claim
from app.engine.progress import CHECKING, Tell
from app.extensions import db
from app.models import Archive, State

PEAK = 2
"""Times its size that an archive may take while it is made: at most 1.3 times were measured, and people write on."""
LONGEST_PAUSE = 3600
"""Seconds between two attempts that fill the disk."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""A full disk, a full quota of the system's, and a file that may not grow."""


class NoRoomError(Exception):
    """There is no room to begin; the message says how much is wanted and how much there is."""


class OverQuotaError(Exception):
    """The archive alone is larger than all that the site may keep."""


def check_before(size: int) -> None:
    """For an archive of so many bytes, as far as `estimate` can tell. Raises NoRoomError.

    One that seems larger than the whole quota would wait as long as anything is kept, which is for ever. It begins,
    and `check_quota` decides: nothing is certain before, not even the bytes of files, of which texts are packed and
    lost ones left out.
    """
    free = storage.free_bytes() - current_app.config["ARCHIVE_RESERVE_BYTES"]
    if free < PEAK * size:
        raise NoRoomError(f"{PEAK * size} bytes of disk are wanted, {free} are free beyond the reserve")
    quota = current_app.config["ARCHIVE_QUOTA_BYTES"]
    if quota is not None and size <= quota < (kept := _kept_bytes()) + size:
        raise NoRoomError(f"{size} bytes are wanted, and {kept} of {quota} are taken by archives that are kept")


def fits(size: int) -> bool:
    try:
        check_before(size)
    except NoRoomError:
        return False
    return True


def guard(tell: Tell, folder: Path) -> Tell:
    """Tells as `tell` does, and raises OSError (ENOSPC) when the disk of `folder` has only its reserve left.

    An archive that has been written and is being checked wants no more.
    """
    reserve = current_app.config["ARCHIVE_RESERVE_BYTES"]

    def tell_and_look(step: str, done: int) -> None:
        tell(step, done)
        if done < CHECKING[0] and shutil.disk_usage(folder).free < reserve:
            raise OSError(errno.ENOSPC, f"the last {reserve} bytes of this disk are kept free")

    return tell_and_look


def check_quota(size: int) -> None:
    """May a finished archive of so many bytes be kept? Raises OverQuotaError, or OSError (EDQUOT) if not now."""
    quota = current_app.config["ARCHIVE_QUOTA_BYTES"]
    if quota is None:
        return
    if size > quota:
        raise OverQuotaError(f"{size} bytes, and all archives together may have {quota}")
    if (kept := _kept_bytes()) + size > quota:
        raise OSError(errno.EDQUOT, f"{kept} of {quota} bytes are taken by archives that are kept")


def is_full(error: Exception) -> bool:
    """Was it space that was missing?"""
    return isinstance(error, OSError) and error.errno in _FULL


def pause_after(held: Claim) -> float:
    """Seconds until an archive that filled the disk, or found no store, is tried again: a quarter of the time it has
    waited, roughly.

    One that never fits must not fill the disk all day.
    """
    pause = max(1.0, float(current_app.config["ARCHIVE_RETRY_SECONDS"]))
    while pause < held.waited / 4 and pause < LONGEST_PAUSE:
        pause *= 2  # a pause is a part of the SQL, so there should be few
    return min(pause, LONGEST_PAUSE)


def _kept_bytes() -> int:
    found = db.session.scalar(select(func.sum(Archive.size)).where(Archive.state == State.READY))
    db.session.commit()
    return int(found or 0)
