"""A real worker, really killed: the archive is finished by itself, once."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.archives import reconciling
from app.extensions import db
from app.models import Archive, State, User
from app.models.columns import database_time
from tests.archives.conftest import load, paths_of, request, wait_for_state
from tests.archives.shared import write_days
from tests.programs import Program, wait_until

pytestmark = pytest.mark.worker

AT_ONCE = {"worker_soft_shutdown_timeout": 0}
"""Otherwise the archive would be finished within the five seconds that a worker has for its end."""
FAST = {"ARCHIVE_LEASE_SECONDS": 4, "ARCHIVE_RING_SECONDS": 2, "RECONCILE_SECONDS": 1}


@pytest.fixture
def settings(any_database: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**any_database, **FAST, "REDIS_URL": valkey}


@pytest.fixture
def long_journal(app: Flask, ann: User) -> int:
    """So many entries that there is time to kill somebody in the middle; returns how many."""
    return write_days(ann, 60_000)


def test_it_is_made_by_a_worker(ann: User, start_worker: Callable[..., Program]) -> None:
    start_worker()
    archive = wait_for_state(request(ann), State.READY)
    assert archive.attempt == 1


def start_and_wait_for_progress(ann: User, start_worker: Callable[..., Program], **more: Any) -> tuple[Program, str]:
    """A worker in the middle of Ann's archive."""
    worker = start_worker(**more)
    archive_id = request(ann)
    wait_for_state(archive_id, State.RUNNING, done=1)
    return worker, archive_id


def check_once(app: Flask, archive: Archive, rows: int) -> None:
    files = [path.name for path in (Path(app.config["ARCHIVE_DIR"]) / "ready").iterdir()]
    assert files == [path.name for path in paths_of(archive)]
    assert archive.row_count is not None
    assert archive.row_count >= rows


def test_a_killed_child_costs_an_attempt_and_nothing_else(
    app: Flask, ann: User, long_journal: int, start_worker: Callable[..., Program], beat: Program
) -> None:
    worker, archive_id = start_and_wait_for_progress(ann, start_worker)
    worker.send_children(signal.SIGKILL)
    archive = wait_for_state(archive_id, State.READY)
    assert archive.attempt == 2
    check_once(app, archive, long_journal)


def test_a_killed_worker_is_replaced_and_the_archive_finished_once(
    app: Flask, ann: User, long_journal: int, start_worker: Callable[..., Program], beat: Program
) -> None:
    worker, archive_id = start_and_wait_for_progress(ann, start_worker)
    worker.kill()
    start_worker()
    archive = wait_for_state(archive_id, State.READY)
    assert archive.attempt == 2
    check_once(app, archive, long_journal)


def test_a_worker_that_is_stopped_costs_no_attempt(
    app: Flask, ann: User, long_journal: int, start_worker: Callable[..., Program]
) -> None:
    """Nor need anybody look for the archive: the message comes back as well. Those killed above are the control."""
    worker, archive_id = start_and_wait_for_progress(ann, start_worker, CELERY=AT_ONCE)
    worker.send(signal.SIGTERM)
    worker.wait()
    assert (load(archive_id).state, load(archive_id).attempt) == (State.QUEUED, 0)
    start_worker()
    archive = wait_for_state(archive_id, State.READY)
    assert archive.attempt == 1
    check_once(app, archive, long_journal)


def test_without_beat_and_watchers_a_killed_archive_stays_where_it_was(
    ann: User, long_journal: int, start_worker: Callable[..., Program]
) -> None:
    """The control: the message alone does not bring it back, so it is the reconciler that does."""
    worker, archive_id = start_and_wait_for_progress(ann, start_worker)
    worker.kill()
    start_worker()
    lost = load(archive_id)
    wait_until(lambda: is_past_lease(archive_id), what="the end of the lease")
    assert (load(archive_id).state, load(archive_id).fence) == (State.RUNNING, lost.fence)
    assert reconciling.reconcile_person(ann.id) == [ann.id]


def is_past_lease(archive_id: str) -> bool:
    past = sa.select(Archive.id).where(Archive.id == archive_id, Archive.lease_until < database_time())
    found = db.session.scalar(past)
    db.session.commit()
    return found is not None
