"""What people do with archives. Each function is one deed; doors call them and translate the outcome.

The row exists before any worker hears of it, and is the truth whatever happens to the message.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import func, select

from app.archives import ledger, storage
from app.archives.choices import EVERYTHING, Choices, check_choices, still_possible
from app.archives.ledger import Request
from app.extensions import db
from app.log_format import about
from app.models import Archive, ArchiveDownload, ArchivePart
from app.models.columns import database_time
from app.stores import StoreChangedError

log = logging.getLogger(__name__)

MOST_DOWNLOADS = 50
"""So many of an archive are listed."""


class LostFileError(Exception):
    """A file of a ready archive is gone, or is not what was published."""


def request_archive(
    user_id: str, choices: Choices = EVERYTHING, /, *, instead_of: str | None = None, **origin: str
) -> tuple[str, bool]:
    """Note the request. Returns the id of the person's active archive and whether it is new.

    An archive that is active already keeps what was chosen for it, unless its id is `instead_of`: then it is cancelled
    for this one, or neither happens. `origin`: `ip_address` and `user_agent` of the browser that asks. Raises
    ChoiceError, NotYetError.
    The caller rings: `generate_user_archive.delay(user_id)`. A bell that is not heard costs seconds, not the archive.
    """
    check_choices(choices)
    return ledger.insert(user_id, Request(choices, instead_of=instead_of), **origin)


def request_beyond_limit(user_id: str, choices: Choices = EVERYTHING) -> tuple[str, bool]:
    """The same for operators, whom the limit of a day does not stop. Raises ChoiceError."""
    check_choices(choices)
    return ledger.insert(user_id, Request(choices, is_limited=False))


def request_again(user_id: str, archive_id: str, /, **origin: str) -> tuple[str, bool]:
    """The same once more, as `request_archive`. It does not count where the earlier one failed or has gaps.

    What the site no longer knows or offers falls away. Raises LookupError if they have no such archive, NotYetError.
    """
    earlier = find_archive(user_id, archive_id)
    if earlier is None:
        raise LookupError(archive_id)
    return ledger.insert(user_id, Request(still_possible(earlier.choices), earlier), **origin)


def cancel(user_id: str, archive_id: str) -> bool:
    return ledger.cancel(user_id, archive_id)


def delete(user_id: str, archive_id: str) -> bool:
    """Whether there was a ready archive; its files are gone at once."""
    deleted = ledger.delete_ready(user_id, archive_id)
    if deleted:
        names = [part.file_name for part in list_parts(archive_id)]
        db.session.commit()  # no connection is held while the store is asked
        storage.discard(names)
    return deleted


def read_clock() -> datetime:
    """The database's. By it alone archives expire, so that a web server with another time serves none too long."""
    return db.session.execute(select(database_time())).scalar_one()


def find_archive(user_id: str, archive_id: str) -> Archive | None:
    """Ownership is part of the query: somebody else's archive is as absent as none."""
    mine = select(Archive).where(Archive.id == archive_id, Archive.user_id == user_id)
    return db.session.scalar(mine, execution_options=ledger.FRESH)


def list_archives(user_id: str) -> Sequence[Archive]:
    mine = select(Archive).where(Archive.user_id == user_id).order_by(Archive.created_at.desc(), Archive.id)
    return db.session.scalars(mine, execution_options=ledger.FRESH).all()


def list_parts(archive_id: str) -> Sequence[ArchivePart]:
    """Its files, in order; none before it is ready. The caller has made sure whose archive it is."""
    its = select(ArchivePart).where(ArchivePart.archive_id == archive_id).order_by(ArchivePart.number)
    return db.session.scalars(its).all()


def find_part(archive: Archive, number: int) -> ArchivePart | None:
    """`number` may be anything: it is compared here, since databases refuse numbers too large for them."""
    return next((part for part in list_parts(archive.id) if part.number == number), None)


def open_download(part: ArchivePart) -> BinaryIO:
    """The bytes of a part of a ready archive. Raises LostFileError, and OSError when the store cannot tell.

    Ends the transaction: a store may be silent for a minute and a half, and the pool has few connections.
    """
    db.session.commit()
    try:
        found = storage.open_published(part.file_name, part.sha256)
    except (FileNotFoundError, StoreChangedError) as error:
        raise LostFileError(f"part {part.number}: {error}") from error
    if found.size != part.size:
        found.file.close()
        raise LostFileError(f"part {part.number} has {found.size} bytes, not {part.size}")
    return found.file


def make_again(archive: Archive, lost: LostFileError) -> list[str]:
    """What was ready is not there any more. Returns the ids of the people to ring for."""
    with about(archive_id=archive.id, reference=archive.reference):
        log.error("archive %s: it is made again, its file is lost: %s", archive.reference, lost)
    ledger.make_again(archive)
    return ledger.take_unheard(archive.user_id)


def places_of(archive: Archive) -> list[str]:
    """Where the files of a ready archive lie, for operators."""
    return [storage.place_of(part.file_name) for part in list_parts(archive.id)]


def record_download(archive: Archive, part_number: int, **origin: str) -> None:
    ledger.record_download(archive, part_number, **origin)


def list_downloads(archive_id: str) -> Sequence[ArchiveDownload]:
    """The last ones, the newest first. The caller has made sure whose archive it is."""
    its = select(ArchiveDownload).where(ArchiveDownload.archive_id == archive_id)
    return db.session.scalars(its.order_by(ArchiveDownload.at.desc(), ArchiveDownload.id).limit(MOST_DOWNLOADS)).all()


def count_downloads(archive: Archive) -> Mapping[int, int]:
    """How often each part was downloaded; parts that never were are absent."""
    begun = select(ArchiveDownload.part_number, func.count()).where(ArchiveDownload.archive_id == archive.id)
    rows = db.session.execute(begun.group_by(ArchiveDownload.part_number))
    return {number: times for number, times in rows}  # noqa: C416  # dict() of rows has no type
