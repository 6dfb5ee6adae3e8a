"""Killed while its files become visible: nothing is lost, nothing is half shown, and nothing stays behind."""

import signal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.archives import service, storage
from app.extensions import db
from app.models import Archive, ArchivePart, State, User
from tests.archives.conftest import let_lease_pass, load, paths_of
from tests.programs import PYTHON, Program

pytestmark = pytest.mark.worker


def die(user: User, point: str, settings: dict[str, Any], folder: Path) -> None:
    command = [*PYTHON, "tests.archives.dying", user.id, point]
    program = Program(command, folder / "dying.log", settings=settings)
    try:
        assert program.wait() == -signal.SIGKILL, program.log()
    finally:
        program.stop(seconds=0)


def published(app: Flask) -> list[str]:
    return sorted(path.name for path in (Path(app.config["ARCHIVE_DIR"]) / "ready").iterdir())


def count_part_rows() -> int:
    return db.session.execute(sa.select(sa.func.count()).select_from(ArchivePart)).scalar_one()


@pytest.mark.parametrize(
    ("point", "left"), [("between two renames", 1), ("before the row is written", 3), ("before the commit", 3)]
)
def test_a_killed_worker_shows_all_files_or_none(
    app: Flask,
    ann: User,
    waiting: str,
    settings: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
    left: int,
) -> None:
    die(ann, point, settings, tmp_path)
    assert (load(waiting).state, load(waiting).part_count, count_part_rows()) == (State.RUNNING, 0, 0)
    assert len(published(app)) == left
    let_lease_pass(waiting)
    service.reconcile()
    assert len(published(app)) == left  # they are young; a worker might be about to write their row
    service.generate(ann.id)
    assert (load(waiting).state, load(waiting).attempt) == (State.READY, 2)
    monkeypatch.setattr(storage, "SWEEP_AGE", -5)
    service.reconcile()
    assert published(app) == sorted(path.name for path in paths_of(load(waiting)))
    for part in service.list_parts(waiting):
        service.open_download(part).close()


def test_in_two_transactions_it_would_be_ready_without_files(
    ann: User, waiting: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    """The control."""
    die(ann, "in two transactions", settings, tmp_path)
    found = db.session.execute(sa.select(Archive.state, Archive.part_count)).one()
    assert (found, count_part_rows()) == ((State.READY, 3), 0)
