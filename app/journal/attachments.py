"""Pictures and files of entries: rows here, bytes in `uploads`. Bytes go after the commit that lets go of them."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from sqlalchemy import select

from app.extensions import db
from app.journal import uploads
from app.journal.access import readable_by
from app.models import Attachment, Entry
from app.stores import StoreDownError

log = logging.getLogger(__name__)


class Upload(NamedTuple):
    """A file as it arrives."""

    name: str
    source: IO[bytes] | Path
    """Bytes that are open already, or a file that is opened when its turn comes: a journal may bring thousands."""

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        if isinstance(self.source, Path):
            with self.source.open("rb") as file:
                yield file
        else:
            yield self.source


class UploadRefusedError(Exception):
    """A file cannot be taken; the message names it and says why."""


@contextmanager
def stored(files: Sequence[Upload]) -> Iterator[list[Attachment]]:
    """Rows for these files, for the block to add and commit. If it fails, their bytes are gone again."""
    db.session.commit()  # no lock is held while bytes are written
    rows: list[Attachment] = []
    try:
        for file in files:
            rows.append(_store(file))  # noqa: PERF401  # the rows so far are needed when a later one fails
        yield rows
    except BaseException:
        db.session.rollback()
        uploads.discard(row.stored_name for row in rows)
        raise


def find_readable_attachment(reader_id: str, attachment_id: str) -> Attachment | None:
    return db.session.scalar(
        select(Attachment).join(Entry).where(Attachment.id == attachment_id, readable_by(reader_id))
    )


def find_own_attachment(author_id: str, attachment_id: str) -> Attachment | None:
    return db.session.scalar(
        select(Attachment).join(Entry).where(Attachment.id == attachment_id, Entry.author_id == author_id)
    )


def remove_attachment(attachment: Attachment) -> None:
    name = attachment.stored_name
    db.session.delete(attachment)
    db.session.commit()
    uploads.discard([name])


def _store(file: Upload) -> Attachment:
    name = uploads.clean_name(file.name)
    try:
        with file.open() as stream:
            kept = uploads.store(stream)
    except uploads.FileTooLargeError as error:
        raise UploadRefusedError(f"“{name}” is too large.") from error
    except StoreDownError as error:
        log.exception("an upload cannot be kept")
        raise UploadRefusedError(f"“{name}” cannot be kept at the moment. Try again in a few minutes.") from error
    if kept.size == 0:
        uploads.discard([kept.stored_name])
        raise UploadRefusedError(f"“{name}” is empty.")
    return Attachment(
        name=name,
        media_type=kept.media_type,
        size=kept.size,
        sha256=kept.sha256,
        stored_name=kept.stored_name,
    )
