"""Pictures and files of entries: rows here, bytes in `uploads`. Bytes go after the commit that lets go of them."""

import enum
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

from flask import current_app
from sqlalchemy import Column, func, select, update
from sqlalchemy.exc import OperationalError

from app import audit
from app.accounts.people import hold_person
from app.engine.register import StoredFile
from app.engine.schema import column_declaration
from app.extensions import count_changed, db, is_any
from app.journal import file_types, uploads
from app.journal.access import readable_by
from app.log_format import about
from app.models import Attachment, Entry, What
from app.scanner import Scanner, ScannerAwayError
from app.stores import StoreDownError

log = logging.getLogger(__name__)

STORE = "uploads"
"""As columns declare it."""
DESCRIPTION_MAX = 500
FILES_MAX = 100
"""Of one entry, whose page shows all of them; earlier ones may have more."""
_RESULT_MAX = 40
"""Characters in a row of the audit."""
_AT_ONCE = 500
"""Names in a statement."""


class Upload(NamedTuple):
    """A file as it arrives."""

    name: str
    source: IO[bytes] | Path
    """Bytes that are open already, or a file that is opened when its turn comes: a journal may bring thousands."""
    description: str = ""
    """What a picture shows."""

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        if isinstance(self.source, Path):
            with self.source.open("rb") as file:
                yield file
        else:
            yield self.source


class Refusal(enum.Enum):
    """Why a file cannot be taken, in an operator's words; pages have their own.

    `{found}`: the ending that would fit, or what the scanner has found.
    """

    TOO_LARGE = "“{}” is too large."
    EMPTY = "“{}” is empty."
    STORE_DOWN = "“{}” cannot be kept at the moment. Try again in a few minutes."
    DISK_FULL = "“{}” cannot be kept: the bucket is full, or the disk but for UPLOAD_RESERVE_BYTES."
    TOO_MANY = f"“{{}}” is one too many: an entry may have at most {FILES_MAX} files."
    OVER_QUOTA = "“{}” has no room any more: one person's files may have so many bytes (UPLOAD_QUOTA_BYTES)."
    NO_ENDING = "“{}” has no ending, such as .jpg, that says what it is."
    NOT_ACCEPTED = "“{}” has an ending that is not accepted (UPLOAD_TYPES, UPLOAD_MORE_TYPES)."
    WRONG_ENDING = "“{}” is not what its name says: with what is in it, it would have to end in .{found}."
    DISGUISED = "“{}” is not what its name says, but a .{found} file, which is not accepted."
    STRANGE = "“{}” is not what its name says: it may be damaged."
    MALICIOUS = "“{}” cannot be kept: the virus scanner has found {found} in it."
    SCANNER_AWAY = (
        "“{}” cannot be kept at the moment: the virus scanner does not answer (SCANNER_URL). The log says why."
    )


class UploadRefusedError(Exception):
    """A file cannot be taken; `name` is the file's, `refusal` says why, `found` what it is instead."""

    def __init__(self, name: str, refusal: Refusal, found: str = "") -> None:
        super().__init__(refusal.value.format(name, found=found))
        self.name = name
        self.refusal = refusal
        self.found = found


@contextmanager
def stored(
    files: Sequence[Upload], owner_id: str | None = None, *, any_type: bool = False
) -> Iterator[list[Attachment]]:
    """Rows for these files, for the block to add and commit. If it fails, their bytes are gone again.

    Not where the database went away: it may have committed what it could not say. `sweep_uploads` finds out.

    `owner_id`: whose quota must have room for them. None: nobody's, when an operator brings them. `any_type`: under
    whatever names they have.
    """
    db.session.commit()  # no lock is held while bytes are written
    rows: list[Attachment] = []
    try:
        for file in files:
            rows.append(_store(file, any_type=any_type))  # noqa: PERF401  # the rows so far are needed when a later one fails
        if rows and owner_id is not None:
            _check_quota(owner_id, rows)
        yield rows
    except BaseException as error:
        db.session.rollback()
        if not isinstance(error, OperationalError):
            uploads.discard(row.stored_name for row in rows)
        if isinstance(error, UploadRefusedError) and error.refusal is Refusal.MALICIOUS:
            _report(error.found, owner_id)
        raise


def count_bytes(owner_id: str) -> int:
    """All pictures and files of a person."""
    sizes = select(func.sum(Attachment.size)).join(Entry).where(Entry.author_id == owner_id)
    return int(db.session.scalar(sizes) or 0)


def check_number(names: Sequence[str], entry_id: str | None = None) -> None:
    """May an entry have files of these names besides those that it has? Raises UploadRefusedError."""
    of_entry = select(func.count()).where(Attachment.entry_id == entry_id)
    there = db.session.scalar(of_entry) or 0 if entry_id else 0
    if names and there + len(names) > FILES_MAX:
        first = names[max(0, FILES_MAX - there)]
        raise UploadRefusedError(uploads.clean_name(first), Refusal.TOO_MANY)


def find_readable_attachment(reader_id: str, attachment_id: str) -> Attachment | None:
    return db.session.scalar(
        select(Attachment).join(Entry).where(Attachment.id == attachment_id, readable_by(reader_id))
    )


def find_own_attachment(author_id: str, attachment_id: str) -> Attachment | None:
    return db.session.scalar(
        select(Attachment).join(Entry).where(Attachment.id == attachment_id, Entry.author_id == author_id)
    )


def names_any_file() -> bool:
    return is_any(select(Attachment.id))


def describe_attachment(author_id: str, attachment_id: str, description: str) -> bool:
    """Whether it is there still, and theirs."""
    mine = Attachment.entry_id.in_(select(Entry.id).where(Entry.author_id == author_id))
    described = update(Attachment).where(Attachment.id == attachment_id, mine).values(description=description or None)
    db.session.commit()
    changed = count_changed(described.execution_options(synchronize_session=False))
    db.session.commit()
    return changed == 1


def remove_attachment(attachment: Attachment) -> None:
    name = attachment.stored_name
    db.session.delete(attachment)
    db.session.commit()
    uploads.discard([name])


def sweep_uploads() -> None:
    """Delete the bytes that no row names, and did not a day ago: of people who were deleted, and of killed uploads.

    Where no row names any of those that are there, this is another database than theirs: then nothing is deleted.
    """
    uploads.discard_unfinished()
    old = uploads.list_old()
    named = _find_named(old)
    db.session.commit()
    unnamed = set(old) - named
    if unnamed and not named:
        log.error("no row names any of %s uploads: is this their database? None is deleted", len(unnamed))
        return
    uploads.discard(unnamed)
    if unnamed:
        log.info("%s uploads were deleted, which no row named any more", len(unnamed))


def _find_named(names: Sequence[str]) -> set[str]:
    """Those that have a row, of whatever table keeps its files here."""
    found: set[str] = set()
    for column, database in _columns_of_uploads():
        for at in range(0, len(names), _AT_ONCE):
            some = select(column).where(column.in_(names[at : at + _AT_ONCE]))
            found.update(db.session.scalars(some, bind_arguments={"bind": db.engines[database]}))
    return found


def _columns_of_uploads() -> Iterator[tuple[Column[Any], str | None]]:
    """Each with its database, as Flask-SQLAlchemy calls it: the people's is None."""
    for database, metadata in db.metadatas.items():
        for column in chain.from_iterable(table.columns for table in metadata.tables.values()):
            declared = column_declaration(column)
            if isinstance(declared, StoredFile) and declared.store == STORE:
                yield column, database


def _check_quota(owner_id: str, rows: Sequence[Attachment]) -> None:
    """In the transaction that adds the rows, under a lock: of two uploads at once, one sees the other's bytes."""
    quota = current_app.config["UPLOAD_QUOTA_BYTES"]
    if quota is None:
        return
    hold_person(owner_id)
    taken = count_bytes(owner_id)
    for row in rows:
        taken += row.size
        if taken > quota:
            raise UploadRefusedError(row.name, Refusal.OVER_QUOTA)


def _report(found: str, owner_id: str | None) -> None:
    """By one reference in the log and in the audit, which has no room for a long name."""
    reference = secrets.token_hex(4).upper()
    with about(reference=reference):
        log.warning("upload %s was refused: the scanner has found %s", reference, found)
    audit.record(What.FILE_REFUSED, owner_id, object_id=reference, result=found[:_RESULT_MAX])
    db.session.commit()


def _inspect(name: str, file: Path, *, any_type: bool) -> None:
    """Of a complete file that is not kept yet. Raises UploadRefusedError."""
    if not file.stat().st_size:
        raise UploadRefusedError(name, Refusal.EMPTY)
    if not any_type:
        _check_type(name, file)
    scanner: Scanner | None = current_app.extensions["scanner"]
    if scanner and (found := scanner.find(file)):
        raise UploadRefusedError(name, Refusal.MALICIOUS, found)


def _check_type(name: str, file: Path) -> None:
    ending, accepted = file_types.find_ending(name), file_types.accepted()
    if ending not in accepted:
        raise UploadRefusedError(name, Refusal.NOT_ACCEPTED if ending else Refusal.NO_ENDING)
    if file_types.fits(ending, file):
        return
    found = file_types.recognise(file)
    if found is None:
        raise UploadRefusedError(name, Refusal.STRANGE)
    raise UploadRefusedError(name, Refusal.WRONG_ENDING if found in accepted else Refusal.DISGUISED, found)


def _store(file: Upload, *, any_type: bool) -> Attachment:
    name = uploads.clean_name(file.name)
    try:
        with file.open() as stream:
            kept = uploads.store(stream, lambda draft: _inspect(name, draft, any_type=any_type))
    except uploads.FileTooLargeError as error:
        raise UploadRefusedError(name, Refusal.TOO_LARGE) from error
    except uploads.DiskFullError as error:
        log.exception("an upload cannot be kept")
        raise UploadRefusedError(name, Refusal.DISK_FULL) from error
    except StoreDownError as error:
        log.exception("an upload cannot be kept")
        raise UploadRefusedError(name, Refusal.STORE_DOWN) from error
    except ScannerAwayError as error:
        log.exception("an upload cannot be kept")
        raise UploadRefusedError(name, Refusal.SCANNER_AWAY) from error
    row = Attachment(
        name=name,
        media_type=kept.media_type,
        size=kept.size,
        sha256=kept.sha256,
        stored_name=kept.stored_name,
    )
    row.description = (file.description or None) if row.is_picture else None
    return row
