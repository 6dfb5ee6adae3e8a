"""Which files the rows vouch for, and who took them."""

from typing import cast

from sqlalchemy import select

from app import audit, outbox
from app.extensions import db
from app.models import Archive, ArchiveDownload, ArchivePart, ArchivePiece, MailKind, State, What
from app.models.columns import fit_origin
from app.words.browsers import name_address, name_browser


def files_vouched_for() -> set[str]:
    """Names of the files that a ready archive needs."""
    needed = select(ArchivePart.file_name).join(Archive).where(Archive.state == State.READY)
    found = set(db.session.scalars(needed))
    db.session.commit()
    return found


def fences_at_work() -> set[str]:
    """Of archives, and of pieces of them that are made elsewhere."""
    pieces = select(ArchivePiece.fence).where(ArchivePiece.fence.is_not(None))
    found = set(db.session.scalars(select(Archive.fence).where(Archive.state == State.RUNNING).union(pieces)))
    db.session.commit()
    return cast("set[str]", found)


def record_download(archive: Archive, part_number: int, ip_address: str, user_agent: str) -> None:
    """The person is told, once for each browser and address that takes files of this archive."""
    db.session.commit()
    origin = fit_origin(ip_address, user_agent)
    db.session.add(ArchiveDownload(archive_id=archive.id, part_number=part_number, **origin))
    db.session.flush()
    occasion = (archive.id, name_address(ip_address), name_browser(user_agent))
    outbox.put(MailKind.DOWNLOADED, archive.user_id, *occasion, archive_id=archive.id, **origin)
    audit.record(What.ARCHIVE_DOWNLOADED, archive.user_id, object_id=archive.id, result=f"part {part_number}")
    db.session.commit()
