"""Archives that workers share: what is in them, when to strike, and what must not be left of their pieces."""

import json
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app.archives import service
from app.extensions import begin_write, db
from app.models import ArchivePiece, Entry, State, User, Visibility
from app.models.columns import now
from app.tasks import generate_large_archive
from tests.archives.conftest import load
from tests.programs import Program, wait_until

MADE = ArchivePiece.sha256.is_not(None)
BEGUN = ArchivePiece.lease_until.is_not(None) & ArchivePiece.sha256.is_(None)
FREE = ArchivePiece.fence.is_(None)
HELD = ArchivePiece.fence == ArchivePiece.attempt


def write_days(person: User, many: int) -> int:
    """So many entries, in the order of their numbers; once for each person. The database itself makes them."""
    entry = sa.inspect(Entry).local_table.c
    day = sa.select(sa.literal(0).label("number")).cte("day", recursive=True)
    day = day.union_all(sa.select(day.c.number + 1).where(day.c.number < many - 1))
    made: dict[str, sa.ColumnElement[Any]] = {
        "id": sa.cast(person.id.replace("-", "")[:16] + _digits(day.c.number), entry.id.type),
        "author_id": sa.literal(person.id, entry.author_id.type),
        "title": "Day " + sa.cast(day.c.number, sa.String),
        "body": sa.literal("Waves. " * 20),
        "visibility": sa.literal(Visibility.PRIVATE, entry.visibility.type),
        **dict.fromkeys(("created_at", "updated_at"), sa.literal(now(), entry.created_at.type)),
    }
    begin_write()
    db.session.execute(sa.insert(Entry).from_select(list(made), sa.select(*made.values())))
    db.session.commit()
    return many


def _digits(number: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    """The second half of an id."""
    if db.engine.dialect.name == "sqlite":
        return sa.func.printf("%016x", number, type_=sa.String)
    return sa.func.lpad(sa.func.to_hex(number), 16, "0", type_=sa.String)


def read_days(archive_id: str) -> bytes:
    """What the ready archive holds of them, as JSON."""
    [part] = service.list_parts(archive_id)
    with service.open_download(part) as file, zipfile.ZipFile(file) as package:
        return package.read(next(name for name in package.namelist() if name.endswith("data/json/entry.json")))


def expect_whole(app: Flask, archive_id: str, many: int) -> None:
    """Every entry once, and nothing left behind: no rows of pieces, no files of them."""
    archive = load(archive_id)
    assert archive.state == State.READY
    titles = [row["title"] for row in json.loads(read_days(archive_id))]
    assert titles == [f"Day {number}" for number in range(many)]
    assert count_pieces() == 0
    assert names_published(app) == [part.file_name for part in service.list_parts(archive_id)]


def count_pieces(*where: Any) -> int:
    found = db.session.scalar(sa.select(sa.func.count()).select_from(ArchivePiece).where(*where))
    db.session.commit()
    return found or 0


def names_published(app: Flask) -> list[str]:
    """In the folder or the bucket."""
    return [each.name for each in app.extensions["stores"]["archives"].names()]


def published(app: Flask) -> list[Path]:
    return list((Path(app.config["ARCHIVE_DIR"]) / "ready").iterdir())


def request_large(person: User) -> str:
    archive_id, _ = service.request_archive(person.id)
    generate_large_archive.delay(person.id)
    return archive_id


def has_begun() -> bool:
    """The holder has rung, and reads its first pieces. Of three for others one may be lost, and two are made."""
    return count_pieces(HELD) >= 1 and count_pieces(FREE) >= 3


@contextmanager
def frozen(worker: Program, moment: Callable[[], bool], what: str) -> Iterator[None]:
    """Its children stand still at a moment that is so, and go on afterwards if they live."""
    wait_until(lambda: _freeze(worker, moment), what=what)
    try:
        yield
    finally:
        worker.send_children(signal.SIGCONT)


def _freeze(worker: Program, moment: Callable[[], bool]) -> bool:
    worker.send_children(signal.SIGSTOP)
    if moment():
        return True
    worker.send_children(signal.SIGCONT)
    return False


def wait_for_ready(archive_id: str, *, attempt: int) -> None:
    wait_until(lambda: load(archive_id).state == State.READY, seconds=120, what="the archive")
    assert load(archive_id).attempt == attempt
