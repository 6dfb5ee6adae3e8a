"""Real workers that share an archive, really killed: it is finished by those that are left, and whole."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.archives import reconciling, sharing
from app.config import LARGE_QUEUE
from app.models import User
from app.tasks import generate_large_archive
from tests.archives.shared import (
    count_pieces,
    expect_whole,
    frozen,
    has_begun,
    published,
    request_large,
    wait_for_ready,
    write_days,
)
from tests.programs import Program, wait_until

pytestmark = pytest.mark.worker

ENTRIES = 16_000


@pytest.fixture
def settings(postgresql_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**postgresql_settings, "REDIS_URL": valkey, "ARCHIVE_PIECE_ROWS": 2000}


@pytest.fixture
def entries(app: Flask, ann: User) -> int:
    return write_days(ann, ENTRIES)


def test_a_holder_that_is_killed_costs_an_attempt_and_leaves_nothing(
    app: Flask, ann: User, entries: int, start_worker: Callable[..., Program]
) -> None:
    holder = start_worker(queue=LARGE_QUEUE, ARCHIVE_LEASE_SECONDS=3)
    archive_id = request_large(ann)
    with frozen(holder, has_begun, "its first pieces"):
        assert sharing.make_piece(archive_id)
        [left] = published(app)
        holder.send_children(signal.SIGKILL)
    wait_until(lambda: reconciling.reconcile() == [ann.id], what="the end of the lease")
    assert count_pieces() == 0
    assert left.exists()
    generate_large_archive.delay(ann.id)
    wait_for_ready(archive_id, attempt=2)
    os.utime(left, (0, 0))
    reconciling.reconcile()
    expect_whole(app, archive_id, entries)
