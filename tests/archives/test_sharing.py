"""A large archive is made by several workers: what each may do, and what becomes of it when one of them fails."""

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from kombu.exceptions import OperationalError

from app.archives import making, service, sharing
from app.archives.choices import Choices
from app.extensions import db
from app.models import ArchivePiece, SignIn, State, User
from app.sources import subject_of
from tests.archives.conftest import load, paths_of
from tests.archives.shared import MADE, count_pieces, expect_whole, published, read_days, write_days
from tests.engine.forging import unpack

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
    making.generate(ann.id, large=True, ring=lambda _: seen.append(count_pieces()))
    assert seen == [3, 3]
    expect_whole(app, waiting, entries)


def test_others_make_the_last_pieces(
    app: Flask, ann: User, entries: int, waiting: str, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[bool] = []
    making.generate(ann.id, large=True, ring=lambda archive_id: made.append(sharing.make_piece(archive_id)))
    assert made == [True, True]
    assert "made again" not in caplog.text
    expect_whole(app, waiting, entries)
    alone, _ = service.request_archive(ann.id)
    making.generate(ann.id, large=True)
    assert read_days(alone) == read_days(waiting)


HERE, THERE = {"time_zone": "Asia/Ho_Chi_Minh", "language": "en"}, {"time_zone": "Pacific/Honolulu", "language": "vi"}


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "looked up"])
def test_days_and_words_are_those_of_the_request_whoever_reads(
    ann: User, monkeypatch: pytest.MonkeyPatch, is_kept: bool
) -> None:
    """The person moves between two pieces. The control: a helper that asks where they are now spoils the archive."""
    evening = datetime(2020, 1, 1, 20, tzinfo=UTC)  # where they are at first, already January 2
    rows = [SignIn(user_id=ann.id, at=evening, ip_address="192.0.2.1", user_agent="") for _ in range(ENTRIES)]
    db.session.add_all(rows)
    archive_id = request_from(ann, HERE)
    made: list[bool] = []

    def ring(archive_id: str) -> None:
        move(THERE)
        made.append(sharing.make_piece(archive_id))

    if not is_kept:
        monkeypatch.setattr(sharing, "subject_of", lambda person, *_: subject_of(person, None, None))
    making.generate(ann.id, large=True, ring=ring)
    assert made == [True, True]
    assert (load(archive_id).state == State.READY) == is_kept
    if is_kept:
        alone = request_from(ann, HERE)
        making.generate(ann.id, large=True)
        members = read_members(archive_id)
        assert members == read_members(alone)
        assert len(json.loads(members["json/sign_in.json"])) == ENTRIES


def request_from(person: User, place: dict[str, str]) -> str:
    move(place)
    return service.request_archive(person.id, Choices(since=date(2020, 1, 2)))[0]


def move(place: dict[str, str]) -> None:
    db.session.execute(sa.update(User).values(place))
    db.session.commit()


def read_members(archive_id: str) -> dict[str, bytes]:
    """What the archive has of the sign-ins: JSON, CSV, the report's rows; not the page, which names the archive."""
    [path] = paths_of(load(archive_id))
    members = {name.removeprefix("data/"): content for name, content in unpack(path).items() if "sign_in" in name}
    return {name: content for name, content in members.items() if not name.endswith(".html")}


def test_a_small_archive_is_not_divided(ann: User, entries: int, waiting: str) -> None:
    def ring(_: str) -> None:
        raise AssertionError

    making.generate(ann.id, ring=ring)
    assert load(waiting).state == State.READY


@pytest.mark.parametrize("setting", ["ARCHIVE_PIECE_ROWS", "ARCHIVE_PIECE_WORKERS"])
def test_sharing_can_be_off(app: Flask, ann: User, entries: int, waiting: str, setting: str) -> None:
    app.config[setting] = None if setting == "ARCHIVE_PIECE_ROWS" else 0
    rung: list[str] = []
    making.generate(ann.id, large=True, ring=rung.append)
    assert rung == []
    expect_whole(app, waiting, entries)


def test_a_broker_that_is_away_costs_the_help_only(app: Flask, ann: User, entries: int, waiting: str) -> None:
    def ring(_: str) -> None:
        raise OperationalError

    making.generate(ann.id, large=True, ring=ring)
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

    making.generate(ann.id, large=True, ring=ring)
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

    making.generate(ann.id, large=True, ring=ring)
    assert made == [False, False]
    assert caplog.text.count("left to others") == 2
    expect_whole(app, waiting, entries)
