"""Two queues and real workers: while a large archive is being made, the small ones are; with one queue they wait."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from app.archives import ledger
from app.config import LARGE_QUEUE, QUEUE
from app.extensions import db
from app.models import Entry, Pulse, State, User
from app.tasks import generate_user_archive, reconcile_archives
from tests.archives.conftest import load, request, wait_for_state
from tests.programs import Program, wait_until

pytestmark = pytest.mark.worker

PATIENT = {"ARCHIVE_LEASE_SECONDS": 600}
"""The frozen worker keeps its archive."""


@pytest.fixture
def settings(postgresql_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    """PostgreSQL only: on SQLite a worker may be frozen while it holds the write lock of all.

    Large archives are in pieces, and nobody waits behind those either.
    """
    limits = {"ARCHIVE_LARGE_ROWS": 3, "ARCHIVE_PIECE_ROWS": 500}
    return {**postgresql_settings, **PATIENT, **limits, "REDIS_URL": valkey, "EXAMPLES": True}


@pytest.fixture
def many_entries(app: Flask, ann: User) -> None:
    """Long enough to be caught in the middle."""
    db.session.add_all(Entry(author_id=ann.id, title=f"Day {number}", body="Waves. " * 20) for number in range(5000))
    db.session.commit()


@contextmanager
def frozen(worker: Program, archive_id: str) -> Iterator[None]:
    """The worker stands still in the middle of this archive."""
    wait_until(lambda: stop_in_the_middle(worker, archive_id), what="a moment in the middle")
    try:
        yield
    finally:
        worker.send_children(signal.SIGCONT)


def stop_in_the_middle(worker: Program, archive_id: str) -> bool:
    worker.send_children(signal.SIGSTOP)
    if load(archive_id).state == State.RUNNING:
        return True
    worker.send_children(signal.SIGCONT)
    assert load(archive_id).state != State.READY, "too fast to be caught"
    return False


def test_small_ones_are_made_beside_a_large_one(
    ann: User, bob: User, many_entries: None, start_worker: Callable[..., Program]
) -> None:
    start_worker(queue=QUEUE)
    for_large = start_worker(queue=LARGE_QUEUE)
    large = request(ann)
    wait_until(lambda: load(large).large, what="the count")
    with frozen(for_large, large):
        small = request(bob)
        wait_for_state(small, State.READY)
        assert load(large).state == State.RUNNING
        reconcile_archives.delay()
        wait_until(has_reconciled, what="the reconciler")
    wait_for_state(large, State.READY)
    assert load(large).attempt == 1


def has_reconciled() -> bool:
    found = db.session.get(Pulse, ledger.PULSE)
    db.session.commit()
    return found is not None


def test_with_one_queue_they_wait(
    ann: User, bob: User, many_entries: None, start_worker: Callable[..., Program]
) -> None:
    """The control."""
    worker = start_worker(ARCHIVE_LARGE_ROWS=None)
    large = request(ann)
    with frozen(worker, large):
        small = request(bob)
        time.sleep(3)
        assert load(small).state == State.QUEUED
    wait_for_state(small, State.READY)
    assert load(small).started_at >= load(large).finished_at  # type: ignore[operator]


def test_a_worker_without_options_makes_both(
    ann: User, bob: User, many_entries: None, start_worker: Callable[..., Program]
) -> None:
    """`celery -A make_celery worker`, as the manual types it."""
    start_worker()
    large, small = request(ann), request(bob)
    wait_for_state(small, State.READY)
    wait_for_state(large, State.READY)
    assert (load(large).large, load(small).large) == (True, False)


@pytest.mark.parametrize(("priority", "is_first"), [(None, True), (3, False)])
def test_the_reconciler_does_not_stand_in_line(
    app: Flask, valkey: str, bob: User, start_worker: Callable[..., Program], priority: int | None, is_first: bool
) -> None:
    """Beat sends it with a priority of its own, and its message would expire in a long line. The control has none."""
    for _ in range(20):
        generate_user_archive.delay(bob.id)
    options = app.extensions["celery"].conf.beat_schedule["reconcile"]["options"]
    reconcile_archives.apply_async(**(options if priority is None else {**options, "priority": priority}))
    with Redis.from_url(valkey) as client:
        assert sum(client.llen(key) for key in client.scan_iter("celery*") if client.type(key) == b"list") == 21
    worker = start_worker()
    wait_until(lambda: worker.log().count(" succeeded in ") == 21, what=f"all tasks: {worker.log()}")
    done = [line for line in worker.log().splitlines() if " received" in line]
    position = next(number for number, line in enumerate(done) if "reconcile_archives" in line)
    assert (position == 0) is is_first, done
