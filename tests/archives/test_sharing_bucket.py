"""Workers without a disk in common share an archive, and hand its pieces over in a bucket."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.archives import making, sharing
from app.config import LARGE_QUEUE
from app.models import State, User
from tests.archives.conftest import load
from tests.archives.shared import (
    BEGUN,
    MADE,
    count_pieces,
    expect_whole,
    frozen,
    has_begun,
    names_published,
    request_large,
    wait_for_ready,
    write_days,
)
from tests.object_store import ObjectStore
from tests.programs import Program, wait_until


@pytest.fixture
def settings(postgresql_settings: dict[str, Any], valkey: str, storage_url: str) -> dict[str, Any]:
    return {**postgresql_settings, "REDIS_URL": valkey, "STORAGE_URL": storage_url, "ARCHIVE_PIECE_ROWS": 2000}


@pytest.fixture
def entries(app: Flask, ann: User) -> int:
    """Three pieces."""
    return write_days(ann, 6000)


@pytest.mark.worker
def test_others_help_and_one_that_is_killed_costs_its_piece_only(
    app: Flask, ann: User, start_worker: Callable[..., Program], tmp_path: Path
) -> None:
    entries = write_days(ann, 16_000)
    holder = start_worker(queue=LARGE_QUEUE, ARCHIVE_LEASE_SECONDS=600, ARCHIVE_DIR=str(tmp_path / "holder"))
    archive_id = request_large(ann)
    with frozen(holder, has_begun, "its first pieces"):
        other = start_worker(queue=LARGE_QUEUE, ARCHIVE_LEASE_SECONDS=2, ARCHIVE_DIR=str(tmp_path / "other"))
        with frozen(other, lambda: count_pieces(BEGUN) == 1, "a piece that is being made"):
            other.send_children(signal.SIGKILL)
        wait_until(lambda: count_pieces(MADE) >= 2, what="pieces that are made by its successor")
    wait_for_ready(archive_id, attempt=1)
    assert "offered in 8 pieces" in holder.log()
    assert "made again" not in holder.log()
    expect_whole(app, archive_id, entries)


def test_pieces_that_are_gone_or_changed_are_made_again(
    app: Flask, ann: User, entries: int, waiting: str, bucket: str, object_store: ObjectStore,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def ring(archive_id: str) -> None:
        before = object_store.keys(bucket)
        sharing.make_piece(archive_id)
        [key] = object_store.keys(bucket) - before
        if before:
            object_store.client.delete_object(Bucket=bucket, Key=key)
        else:
            object_store.client.put_object(Bucket=bucket, Key=key, Body=b"something else")

    making.generate(ann.id, large=True, ring=ring)
    assert caplog.text.count("made again") == 2
    expect_whole(app, waiting, entries)


def test_a_full_bucket_costs_the_help_and_no_attempt(
    app: Flask, ann: User, entries: int, waiting: str, bucket: str, object_store: ObjectStore
) -> None:
    """A piece that cannot be published is left to the holder, which then waits for space itself."""
    made: list[bool] = []
    object_store.limit(bucket, 100)
    making.generate(ann.id, large=True, ring=lambda archive_id: made.append(sharing.make_piece(archive_id)))
    assert not any(made)
    assert made
    assert (load(waiting).state, load(waiting).waits_for_space, load(waiting).attempt) == (State.QUEUED, True, 0)
    assert (count_pieces(), names_published(app)) == (0, [])
