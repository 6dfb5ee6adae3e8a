"""Which files the rows vouch for, and who took them."""

from typing import Any, cast

from sqlalchemy import select

from app import audit, outbox
from app.accounts.people import hold_person
from app.extensions import db, is_any
from app.models import Archive, ArchiveDownload, ArchivePart, ArchivePiece, MailKind, State, What
from app.models.columns import database_time, fit_origin
from app.words.browsers import name_address, name_browser

GOES_ON_SECONDS = 600
"""Who has begun to take a file and asks for bytes of it again within this time goes on with the same download: a
browser whose connection broke does so within seconds, and a program that takes ranges too. It is CONFIRM_SECONDS as by
default: later a password is asked for again, and that is another deed.
"""


def files_vouched_for() -> set[str]:
    """Names of the files that a ready archive needs."""
    needed = select(ArchivePart.file_name).join(Archive).where(Archive.state == State.READY)
    found = set(db.session.scalars(needed))
    db.session.commit()
    return found


def names_any_file() -> bool:
    """As `files_vouched_for`, where only this is asked, and no transaction ends by it."""
    return is_any(select(ArchivePart.id).join(Archive).where(Archive.state == State.READY))


def fences_at_work() -> set[str]:
    """Of archives, and of pieces of them that are made elsewhere."""
    pieces = select(ArchivePiece.fence).where(ArchivePiece.fence.is_not(None))
    found = set(db.session.scalars(select(Archive.fence).where(Archive.state == State.RUNNING).union(pieces)))
    db.session.commit()
    return cast("set[str]", found)


def record_download(archive: Archive, part_number: int, ip_address: str, user_agent: str) -> None:
    """Unless it goes on with one that was recorded. The person is told, once for each browser and address that takes
    files of this archive.
    """
    db.session.commit()
    origin = fit_origin(ip_address, user_agent)
    if not _goes_on(archive.id, part_number, origin):  # most ranges wait for no lock
        hold_person(archive.user_id)
        if not _goes_on(archive.id, part_number, origin):
            _record(archive, part_number, origin)
    db.session.commit()


def _record(archive: Archive, part_number: int, origin: dict[str, Any]) -> None:
    db.session.add(ArchiveDownload(archive_id=archive.id, part_number=part_number, at=database_time(), **origin))
    db.session.flush()
    occasion = (archive.id, name_address(origin["ip_address"]), name_browser(origin["user_agent"]))
    outbox.put(MailKind.DOWNLOADED, archive.user_id, *occasion, archive_id=archive.id, **origin)
    audit.record(What.ARCHIVE_DOWNLOADED, archive.user_id, object_id=archive.id, result=f"part {part_number}")


def _goes_on(archive_id: str, part_number: int, origin: dict[str, Any]) -> bool:
    """Whether a row of late says the same to a person: what a browser says of itself is shown in a few words, and one
    that calls itself otherwise each time is no other.
    """
    rows = select(ArchiveDownload.user_agent).where(
        ArchiveDownload.archive_id == archive_id,
        ArchiveDownload.part_number == part_number,
        ArchiveDownload.ip_address == origin["ip_address"],
        ArchiveDownload.at.between(database_time(-GOES_ON_SECONDS), database_time()),
    )
    return name_browser(origin["user_agent"]) in map(name_browser, db.session.scalars(rows))
