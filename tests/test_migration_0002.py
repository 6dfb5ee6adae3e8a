"""Archives from before they could have several files keep their file, their sum and their downloads; and back."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from app.archives import ledger, service
from app.extensions import db
from app.models import Archive, ArchiveDownload, ArchivePart, State, User
from app.models.columns import now
from tests.databases import move

PERSON = "0" * 8 + "-0000-0000-0000-" + "0" * 12
MOMENT = "2026-11-20 10:00:00.000000"
OLD = (
    {"id": "a" * 64, "state": "ready", "file_name": "a.zip", "size": 7_000_000_000, "sha256": "1" * 64},
    {"id": "b" * 64, "state": "deleted", "file_name": "b.zip", "size": 8, "sha256": "2" * 64},
    {"id": "c" * 64, "state": "queued", "file_name": None, "size": None, "sha256": None},
)


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


def run(statement: str, **values: Any) -> None:
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.text(statement), values)


def fetch(statement: str) -> list[Any]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


@pytest.fixture
def old(app: Flask, settings: dict[str, Any]) -> None:
    """A database of the version before, with a person, three archives and a download in it."""
    move(downgrade, "0001")
    person = PERSON if "DATABASE_URL" in settings else PERSON.replace("-", "")
    run(
        'INSERT INTO "user" (id, email, name, language, time_zone, created_at) '
        "VALUES (:id, 'ann@example.org', 'Ann', 'en', 'UTC', :at)",
        id=person,
        at=MOMENT,
    )
    for row in OLD:
        run(
            "INSERT INTO archive (id, user_id, state, created_at, started_at, attempt, done, file_name, size, sha256) "
            "VALUES (:id, :user, :state, :at, :at, 1, 0, :file_name, :size, :sha256)",
            user=person,
            at=MOMENT,
            **row,
        )
    run(
        "INSERT INTO archive_download (id, archive_id, at, ip_address, user_agent) "
        "VALUES (:id, :archive, :at, '', '')",
        id=person,
        archive="a" * 64,
        at=MOMENT,
    )


def test_up(old: None) -> None:
    move(upgrade, "head")
    parts = db.session.scalars(sa.select(ArchivePart).order_by(ArchivePart.archive_id)).all()
    assert [(part.archive_id[0], part.number, part.file_name, part.size, part.sha256[0]) for part in parts] == [
        ("a", 1, "a.zip", 7_000_000_000, "1"),
        ("b", 1, "b.zip", 8, "2"),
    ]
    found = db.session.scalars(sa.select(Archive).order_by(Archive.id)).all()
    assert [(row.part_count, row.snapshot_at == row.started_at, row.part_size) for row in found] == [
        (1, True, None),
        (1, True, None),
        (0, False, None),
    ]
    assert list(db.session.scalars(sa.select(ArchiveDownload.part_number))) == [1]
    db.session.commit()
    assert ledger.files_vouched_for() == {"a.zip"}
    assert service.find_part(found[0], 1) is parts[0]


def test_up_and_down_again_is_as_before(old: None) -> None:
    columns = "id, state, created_at, file_name, size, sha256"
    before = fetch(f"SELECT {columns} FROM archive ORDER BY id"), fetch("SELECT * FROM archive_download")
    move(upgrade, "head")
    move(downgrade, "0001")
    assert (fetch(f"SELECT {columns} FROM archive ORDER BY id"), fetch("SELECT * FROM archive_download")) == before


def test_down_several_files_expire(app: Flask, ann: User) -> None:
    archive = Archive(user_id=ann.id, state=State.READY, part_count=2, expires_at=now())
    db.session.add(archive)
    db.session.flush()
    for number in (1, 2):
        part = ArchivePart(archive_id=archive.id, number=number, file_name=f"{number}.zip", size=1, sha256="0" * 64)
        db.session.add(part)
    db.session.commit()
    move(downgrade, "0001")
    assert fetch("SELECT state, file_name FROM archive") == [("expired", None)]


RULES = (
    "INSERT INTO archive (id, user_id, state, created_at, attempt, done, {more}) "
    "SELECT 'x', id, '{state}', created_at, 0, 0, {values} FROM \"user\""
)


@pytest.mark.parametrize(
    ("revision", "state", "more", "values"),
    [
        ("head", "ready", "part_count", "0"),
        ("head", "ready", "part_count", "NULL"),
        ("head", "running", "part_count", "0"),
        ("0001", "ready", "file_name", "NULL"),
        ("0001", "running", "file_name", "NULL"),
    ],
)
def test_the_rules_hold_after_every_step(
    app: Flask, ann: User, revision: str, state: str, more: str, values: str
) -> None:
    """SQLite makes a changed table anew, and would lose what nobody hands on."""
    if revision == "0001":
        move(downgrade, revision)
    with pytest.raises(sa.exc.IntegrityError):
        run(RULES.format(state=state, more=more, values=values))
    run(RULES.format(state="queued", more=more, values="0"))  # otherwise the same statement passes
    with pytest.raises(sa.exc.IntegrityError):
        run(RULES.format(state="queued", more=more, values="0").replace("'x'", "'y'"))  # one active archive a person
