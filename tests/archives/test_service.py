"""An archive's whole life, in one process: asked for, made, published, served, gone."""

import io
import json
import logging
import shutil
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import sqlalchemy as sa
from celery.exceptions import SoftTimeLimitExceeded
from flask import Flask

from app import sources
from app.archives import gaps, ledger, making, reconciling, service, storage
from app.archives.heart import Heart
from app.engine.build import BuiltPart
from app.engine.verify import VerificationError
from app.extensions import db
from app.models import Archive, Attachment, Cause, Entry, State, User
from app.models.columns import now
from app.stores import GoOn
from tests.archives.conftest import change, files_of, load


def read(archive_id: str) -> dict[str, Any]:
    """Every JSON table of the published file, and the coverage statement."""
    (part,) = service.list_parts(archive_id)
    with service.open_download(part) as file, zipfile.ZipFile(file) as package:
        names = [name for name in package.namelist() if name.endswith(".json")]
        return {Path(name).stem: json.loads(package.read(name)) for name in names}


def test_it_holds_the_persons_rows_and_nobody_elses(ann: User, bob: User, journal: Entry, waiting: str) -> None:
    making.generate(ann.id)
    found = read(waiting)
    assert [user["email"] for user in found["user"]] == ["ann@example.org"]
    assert [entry["title"] for entry in found["entry"]] == ["By the sea", "At home"]
    assert [(row["author_id"], row["roles"]) for row in found["comment"]] == [
        (ann.id, "author, entry author"),
        ("Bob", "entry author"),
        (ann.id, "author, entry author"),
        ("Bob", "entry author"),
        (ann.id, "author"),
    ]
    assert found["comment"][-1]["entry_id"] == "Entry 1"  # its title may be private by now
    assert [tag["name"] for tag in found["tag"]] == ["sea"]
    text = json.dumps(found)
    assert "CANARY" not in text
    assert "Bob's day" not in text
    assert bob.id not in text
    assert "bob@example.org" not in text
    assert "argon2" not in text


def test_it_asks_the_database_little(ann: User, journal: Entry, waiting: str) -> None:
    """However many tables there are without rows; docs/scaling.md has the number."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    making.generate(ann.id)
    sa.event.remove(db.engine, "before_cursor_execute", note)
    tables_with_rows = sum(1 for rows in read(waiting).values() if isinstance(rows, list))
    others = [statement for statement in asked if not statement.startswith("BEGIN")]
    assert len(others) - tables_with_rows <= 13, "\n".join(others)


def test_its_counts_are_the_databases(ann: User, journal: Entry, waiting: str) -> None:
    making.generate(ann.id)
    coverage = {table["table"]: table for table in read(waiting)["coverage"]["tables"]}
    assert coverage.keys() == db.metadata.tables.keys()
    mine = sa.select(sa.func.count()).where(Entry.author_id == ann.id)
    assert coverage["entry"]["rows"] == db.session.execute(mine).scalar_one() == 2
    assert load(waiting).row_count == sum(table["rows"] for table in coverage.values())


def test_a_lost_file_is_a_gap_and_said(ann: User, journal: Entry, waiting: str) -> None:
    making.generate(ann.id)
    assert load(waiting).gap_count == 1
    assert [gap["name"] for gap in read(waiting)["coverage"]["gaps"]] == ["lost.jpg"]
    assert [missing.name for missing in gaps.list_missing(load(waiting), 1)] == ["lost.jpg"]
    assert gaps.list_missing(load(waiting), 0) == []


@pytest.mark.parametrize(("most", "logged"), [(100, 0), (2**20, 1)])
def test_a_list_of_gaps_that_cannot_be_shown_is_left_to_the_report(
    ann: User,
    journal: Entry,
    waiting: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    most: int,
    logged: int,
) -> None:
    """Too long a list is nothing to tell operators of; a file that is broken is."""
    making.generate(ann.id)
    monkeypatch.setattr(gaps, "MOST_BYTES", most)
    if logged:
        break_list(waiting)
    assert gaps.list_missing(load(waiting), 20) == []
    assert caplog.text.count("does not tell what is missing in it") == logged


def break_list(archive_id: str) -> None:
    """Of the members: its first entry is no longer one."""
    published = Path(*service.places_of(load(archive_id)))
    content = published.read_bytes()
    published.chmod(0o600)
    published.write_bytes(content.replace(b"PK\1\2", b"PK\1\3", 1))


def test_it_is_made_once_however_often_the_bell_rings(app: Flask, ann: User, waiting: str) -> None:
    for _ in range(3):
        making.generate(ann.id)
    assert (load(waiting).state, load(waiting).attempt) == (State.READY, 1)
    assert len(files_of(app)) == 1


@pytest.mark.parametrize("user_id", ["00000000-0000-0000-0000-000000000000", "nobody", "", None, 5, {"a": 1}])
def test_a_person_who_is_gone_or_never_was_is_no_error(app: Flask, user_id: Any) -> None:
    making.generate(user_id)


def test_a_deleted_person_leaves_no_archive_to_make(ann: User, waiting: str) -> None:
    db.session.execute(sa.delete(User).where(User.id == ann.id))
    db.session.commit()
    db.session.expunge_all()
    making.generate(ann.id)
    assert db.session.scalar(sa.select(Archive.id)) is None


def stop_at(monkeypatch: pytest.MonkeyPatch, deed: Any) -> None:
    """Let something happen in the middle of a build, and the heart beat once after it."""
    tell = Heart.tell

    def tell_and_more(self: Heart, step: str, done: int) -> None:
        if done > 500:
            deed()
            self._beat()
        tell(self, step, done)

    monkeypatch.setattr(Heart, "tell", tell_and_more)


def test_cancelled_in_the_middle_leaves_nothing(
    app: Flask, ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, lambda: ledger.cancel(ann.id, waiting))
    making.generate(ann.id)
    assert load(waiting).state == State.CANCELLED
    assert files_of(app) == []


def test_person_deleted_in_the_middle_leaves_nothing(
    app: Flask, ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = ann.id

    def delete_person() -> None:
        with db.engine.connect().execution_options(writes=True) as connection:
            connection.execute(sa.delete(User).where(User.id == user_id))
            connection.commit()

    stop_at(monkeypatch, delete_person)
    making.generate(user_id)
    assert files_of(app) == []
    assert db.session.scalar(sa.select(Archive.id)) is None


def fails(error: BaseException) -> Any:
    def raise_it() -> None:
        raise error

    return raise_it


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (VerificationError("torn"), State.QUEUED, "fault"),
        (OSError(28, "No space left on device"), State.QUEUED, Cause.DISK_FULL),
        (SoftTimeLimitExceeded(), State.FAILED, "too_slow"),
    ],
)
def test_a_failed_attempt_is_noted_and_leaves_nothing(
    app: Flask,
    ann: User,
    waiting: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    state: State,
    code: str,
) -> None:
    stop_at(monkeypatch, fails(error))
    making.generate(ann.id)
    assert (load(waiting).state, load(waiting).error) == (state, code)
    assert files_of(app) == []
    trace = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert load(waiting).reference in trace.getMessage()


def test_a_worker_that_is_stopped_gives_the_archive_back(
    ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, fails(SystemExit()))
    with pytest.raises(SystemExit):
        making.generate(ann.id)
    assert (load(waiting).state, load(waiting).attempt) == (State.QUEUED, 0)


def test_losing_the_lease_before_publishing_removes_the_file(
    app: Flask, ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = storage.publish

    def publish_late(parts: Sequence[BuiltPart], archive_id: str, fence: str, _go_on: GoOn) -> list[str]:
        change(waiting, fence="somebody else's")
        return publish(parts, archive_id, fence)

    monkeypatch.setattr(storage, "publish", publish_late)
    making.generate(ann.id)
    assert load(waiting).state == State.RUNNING
    assert files_of(app) == []


def test_deleting_removes_the_file_at_once(app: Flask, ann: User, waiting: str) -> None:
    making.generate(ann.id)
    assert service.delete(ann.id, waiting)
    assert files_of(app) == []
    (part,) = service.list_parts(waiting)
    with pytest.raises(service.LostFileError):
        service.open_download(part)


def test_reconcile_expires_and_sweeps_but_leaves_what_is_needed(
    app: Flask, ann: User, bob: User, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    making.generate(ann.id)
    kept, _ = service.request_archive(bob.id)
    making.generate(bob.id)
    ready = Path(app.config["ARCHIVE_DIR"]) / "ready"
    (ready / "nobody.zip").write_bytes(b"x")
    abandoned = ready.parent / "tmp" / f"{waiting}.0123"
    abandoned.mkdir()
    change(waiting, expires_at=now())
    reconciling.reconcile()
    assert len(files_of(app)) == 4  # all of them are young
    monkeypatch.setattr(storage, "SWEEP_AGE", -5)
    reconciling.reconcile()
    assert files_of(app) == [part.file_name for part in service.list_parts(kept)]


def test_a_graph_of_our_own_tables_has_no_findings(app: Flask) -> None:
    assert {node.table.name for node in sources.graph().nodes} == db.metadata.tables.keys()


@pytest.fixture
def slow_file(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that takes longer to read than a lease lasts; meanwhile somebody reconciles all the time."""
    app.config["ARCHIVE_LEASE_SECONDS"] = 2
    entry = Entry(author_id=ann.id, title="Photo", body="")
    db.session.add(entry)
    db.session.flush()
    entry.attachments.append(
        Attachment(name="a.jpg", media_type="image/jpeg", size=1, sha256="0" * 64, stored_name="a")
    )
    db.session.commit()

    def open_slowly(_store: str, _name: str) -> BinaryIO:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            ledger.recover_silent(None)
            time.sleep(0.05)
        return io.BytesIO(b"x")

    monkeypatch.setattr(storage, "open_stored", open_slowly)


def test_a_step_longer_than_the_lease_keeps_the_lease(ann: User, waiting: str, slow_file: None) -> None:
    making.generate(ann.id)
    assert (load(waiting).state, load(waiting).attempt) == (State.READY, 1)


def test_without_its_heart_it_would_lose_the_lease(
    ann: User, waiting: str, slow_file: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Heart, "_beat", lambda _self: None)
    making.generate(ann.id)
    assert load(waiting).state == State.QUEUED


def test_a_failed_heartbeat_is_not_the_end(ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease decides, not one write that the database refused."""

    def refuse(*_: object) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(ledger, "renew", refuse)
    stop_at(monkeypatch, lambda: None)
    making.generate(ann.id)
    assert load(waiting).state == State.READY


def test_what_cannot_be_swept_keeps_nobody_waiting(
    app: Flask, ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "SWEEP_AGE", -5)
    abandoned = Path(app.config["ARCHIVE_DIR"]) / "tmp" / "x.0123"
    abandoned.mkdir(parents=True)
    change(waiting, created_at=now().replace(year=2025))

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    assert reconciling.reconcile() == [ann.id]
    assert abandoned.exists()
