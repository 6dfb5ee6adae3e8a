"""Two queues and real workers: while a large archive is being made, the small ones are; with one queue they wait."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from app.archives import ledger
from app.config import LARGE_QUEUE, QUEUE
from app.extensions import db
from app.models import Pulse, State, User
from app.models.columns import new_id
from app.tasks import generate_user_archive, reconcile_archives, send_mail
from tests.archives.conftest import load, request, wait_for_state
from tests.archives.shared import frozen, write_days
from tests.programs import Program, wait_until

pytestmark = pytest.mark.worker

PATIENT = {"ARCHIVE_LEASE_SECONDS": 600}
"""The frozen worker keeps its archive."""


@pytest.fixture
def settings(postgresql_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    """PostgreSQL only: on SQLite a worker may be frozen while it holds the write lock of all.

    Large archives are in pieces, and nobody waits behind those either.
    """
    limits = {"ARCHIVE_LARGE_ROWS": 100, "ARCHIVE_PIECE_ROWS": 500}
    return {**postgresql_settings, **PATIENT, **limits, "REDIS_URL": valkey, "EXAMPLES": True}


@pytest.fixture
def many_entries(app: Flask, ann: User) -> None:
    """Long enough to be caught in the middle."""
    write_days(ann, 5000)


def is_in_the_middle(archive_id: str) -> bool:
    state = load(archive_id).state
    assert state != State.READY, "too fast to be caught"
    return state == State.RUNNING


def test_small_ones_are_made_beside_a_large_one(
    ann: User, bob: User, many_entries: None, start_worker: Callable[..., Program]
) -> None:
    start_worker(queue=QUEUE)
    for_large = start_worker(queue=LARGE_QUEUE)
    large = request(ann)
    wait_until(lambda: load(large).large, what="the count")
    with frozen(for_large, partial(is_in_the_middle, large), "a moment in the middle"):
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
    with frozen(worker, partial(is_in_the_middle, large), "a moment in the middle"):
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


@pytest.mark.parametrize("is_control", [False, True])
def test_the_reconciler_and_mails_do_not_stand_in_line(
    app: Flask, valkey: str, bob: User, start_worker: Callable[..., Program], is_control: bool
) -> None:
    """The reconciler's message would expire in a long line. In the control both are sent like an archive's."""
    for _ in range(20):
        generate_user_archive.delay(bob.id)
    like_others = {"queue": QUEUE, "priority": 3} if is_control else {}
    reconcile_archives.apply_async(
        **(app.extensions["celery"].conf.beat_schedule["reconcile"]["options"] | like_others)
    )
    send_mail.apply_async((new_id(),), **like_others)
    with Redis.from_url(valkey) as client:
        assert sum(client.llen(key) for key in client.scan_iter() if client.type(key) == b"list") == 22
    worker = start_worker()
    wait_until(lambda: worker.log().count(" succeeded in ") == 22, what=f"all tasks: {worker.log()}")
    done = [line for line in worker.log().splitlines() if " received" in line]
    first = {number for number, line in enumerate(done) if "generate_user_archive" not in line} == {0, 1}
    assert first is not is_control, done
