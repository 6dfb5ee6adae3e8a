"""A large archive is made by several workers: what each may do, and what becomes of it when one of them fails."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from kombu.exceptions import OperationalError

from app.archives import service, sharing
from app.extensions import db
from app.models import ArchivePiece, State, User
from tests.archives.conftest import load
from tests.archives.shared import MADE, count_pieces, expect_whole, published, read_days, write_days

ENTRIES = 300
PIECE = 100


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL only: SQLite shows nobody else the snapshot that a worker reads."""
    return {**postgresql_settings, "ARCHIVE_PIECE_ROWS": PIECE}


@pytest.fixture
def entries(app: Flask, ann: User) -> int:
    return write_days(ann, ENTRIES)


def test_with_nobody_else_the_holder_makes_every_piece(app: Flask, ann: User, entries: int, waiting: str) -> None:
    seen: list[int] = []
    service.generate(ann.id, large=True, ring=lambda _: seen.append(count_pieces()))
    assert seen == [3, 3]
    expect_whole(app, waiting, entries)


def test_others_make_the_last_pieces(
    app: Flask, ann: User, entries: int, waiting: str, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[bool] = []
    service.generate(ann.id, large=True, ring=lambda archive_id: made.append(sharing.make_piece(archive_id)))
    assert made == [True, True]
    assert "made again" not in caplog.text
    expect_whole(app, waiting, entries)
    alone, _ = service.request_archive(ann.id)
    service.generate(ann.id, large=True)
    assert read_days(alone) == read_days(waiting)


def test_a_small_archive_is_not_divided(ann: User, entries: int, waiting: str) -> None:
    def ring(_: str) -> None:
        raise AssertionError

    service.generate(ann.id, ring=ring)
    assert load(waiting).state == State.READY


@pytest.mark.parametrize("setting", ["ARCHIVE_PIECE_ROWS", "ARCHIVE_PIECE_WORKERS"])
def test_sharing_can_be_off(app: Flask, ann: User, entries: int, waiting: str, setting: str) -> None:
    app.config[setting] = None if setting == "ARCHIVE_PIECE_ROWS" else 0
    rung: list[str] = []
    service.generate(ann.id, large=True, ring=rung.append)
    assert rung == []
    expect_whole(app, waiting, entries)


def test_a_broker_that_is_away_costs_the_help_only(app: Flask, ann: User, entries: int, waiting: str) -> None:
    def ring(_: str) -> None:
        raise OperationalError

    service.generate(ann.id, large=True, ring=ring)
    expect_whole(app, waiting, entries)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "changed": lambda path: path.write_bytes(path.read_bytes().replace(path.read_bytes()[:20], b"x" * 20, 1)),
    "cut": lambda path: os.truncate(path, 100),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_piece_is_made_again(
    app: Flask, ann: User, entries: int, waiting: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    def ring(archive_id: str) -> None:
        sharing.make_piece(archive_id)
        if count_pieces(MADE) == 1:
            DAMAGE[damage](*published(app))

    service.generate(ann.id, large=True, ring=ring)
    assert caplog.text.count("made again") == 1
    expect_whole(app, waiting, entries)


def test_a_piece_that_cannot_be_made_is_left_to_the_holder(
    app: Flask, ann: User, entries: int, waiting: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And who has failed is not rung for again."""
    made: list[bool] = []

    def ring(archive_id: str) -> None:
        db.session.execute(sa.update(ArchivePiece).values(snapshot="00000003-00000001-9"))
        db.session.commit()
        made.append(sharing.make_piece(archive_id))

    service.generate(ann.id, large=True, ring=ring)
    assert made == [False, False]
    assert caplog.text.count("left to others") == 2
    expect_whole(app, waiting, entries)
