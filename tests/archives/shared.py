"""Archives that workers share: what is in them, and what must not be left of their pieces."""

import json
import zipfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app.extensions import db
from app.models import ArchivePiece, Entry, State, User
from app.models.columns import new_id
from tests.archives.conftest import load, paths_of


def write_entries(person: User, many: int) -> int:
    rows = [
        {"id": new_id(), "author_id": person.id, "title": f"Day {number}", "body": "Waves. " * 20}
        for number in range(many)
    ]
    db.session.execute(sa.insert(Entry), rows)
    db.session.commit()
    return many


def read_entries(archive_id: str) -> bytes:
    """What the ready archive holds of them, as JSON."""
    [path] = paths_of(load(archive_id))
    with zipfile.ZipFile(path) as package:
        return package.read(next(name for name in package.namelist() if name.endswith("data/json/entry.json")))


def expect_whole(app: Flask, archive_id: str, many: int) -> None:
    """Every entry once, and nothing left behind: no rows of pieces, no files of them."""
    archive = load(archive_id)
    assert archive.state == State.READY
    titles = [row["title"] for row in json.loads(read_entries(archive_id))]
    assert titles == [f"Day {number}" for number in range(many)]
    assert count_pieces() == 0
    assert [path.name for path in published(app)] == [path.name for path in paths_of(archive)]


def count_pieces(*where: Any) -> int:
    found = db.session.scalar(sa.select(sa.func.count()).select_from(ArchivePiece).where(*where))
    db.session.commit()
    return found or 0


def published(app: Flask) -> list[Path]:
    return list((Path(app.config["ARCHIVE_DIR"]) / "ready").iterdir())
