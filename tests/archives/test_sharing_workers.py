"""Real workers that share an archive, really killed: it is finished by those that are left, and whole."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from app.archives import service, sharing
from app.config import LARGE_QUEUE
from app.models import ArchivePiece, State, User
from app.tasks import generate_large_archive
from tests.archives.conftest import load
from tests.archives.shared import count_pieces, expect_whole, published, write_entries
from tests.programs import Program, wait_until

pytestmark = pytest.mark.worker

ENTRIES = 16_000
MADE = ArchivePiece.sha256.is_not(None)
BEGUN = ArchivePiece.lease_until.is_not(None) & ArchivePiece.sha256.is_(None)
FREE = ArchivePiece.fence.is_(None)
HELD = ArchivePiece.fence == ArchivePiece.attempt


@pytest.fixture
def settings(postgresql_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**postgresql_settings, "REDIS_URL": valkey, "ARCHIVE_PIECE_ROWS": 2000}


@pytest.fixture
def entries(app: Flask, ann: User) -> int:
    return write_entries(ann, ENTRIES)


def has_begun() -> bool:
    """The holder has rung, and reads its first pieces."""
    return count_pieces(HELD) >= 1 and count_pieces(FREE) >= 4


def request(person: User) -> str:
    archive_id, _ = service.request_archive(person.id)
    generate_large_archive.delay(person.id)
    return archive_id


@contextmanager
def frozen(worker: Program, moment: Callable[[], bool], what: str) -> Iterator[None]:
    """Its children stand still at a moment that is so, and go on afterwards if they live."""
    wait_until(lambda: freeze(worker, moment), what=what)
    try:
        yield
    finally:
        worker.send_children(signal.SIGCONT)


def freeze(worker: Program, moment: Callable[[], bool]) -> bool:
    worker.send_children(signal.SIGSTOP)
    if moment():
        return True
    worker.send_children(signal.SIGCONT)
    return False


def wait_for_ready(archive_id: str, *, attempt: int) -> None:
    wait_until(lambda: load(archive_id).state == State.READY, seconds=120, what="the archive")
    assert load(archive_id).attempt == attempt


def test_others_help_and_one_that_is_killed_costs_its_piece_only(
    app: Flask, ann: User, entries: int, start_worker: Callable[..., Program]
) -> None:
    holder = start_worker(queue=LARGE_QUEUE, ARCHIVE_LEASE_SECONDS=600)
    archive_id = request(ann)
    with frozen(holder, has_begun, "its first pieces"):
        other = start_worker(queue=LARGE_QUEUE, ARCHIVE_LEASE_SECONDS=2)
        with frozen(other, lambda: count_pieces(BEGUN) == 1, "a piece that is being made"):
            other.send_children(signal.SIGKILL)
        wait_until(lambda: count_pieces(MADE) >= 2, what="pieces that are made by its successor")
    wait_for_ready(archive_id, attempt=1)
    assert "offered in 8 pieces" in holder.log()
    expect_whole(app, archive_id, entries)


def test_a_holder_that_is_killed_costs_an_attempt_and_leaves_nothing(
    app: Flask, ann: User, entries: int, start_worker: Callable[..., Program]
) -> None:
    holder = start_worker(queue=LARGE_QUEUE, ARCHIVE_LEASE_SECONDS=3)
    archive_id = request(ann)
    with frozen(holder, has_begun, "its first pieces"):
        assert sharing.make_piece(archive_id)
        [left] = published(app)
        holder.send_children(signal.SIGKILL)
    wait_until(lambda: service.reconcile() == [ann.id], what="the end of the lease")
    assert count_pieces() == 0
    assert left.exists()
    generate_large_archive.delay(ann.id)
    wait_for_ready(archive_id, attempt=2)
    os.utime(left, (0, 0))
    service.reconcile()
    expect_whole(app, archive_id, entries)
