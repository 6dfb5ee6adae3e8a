"""A large archive is made by several workers: what each may do, and what becomes of it when one of them fails."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from kombu.exceptions import OperationalError

from app.archives import ledger, pieces, service, sharing, storage
from app.archives.ledger import Claim, LeaseLostError
from app.engine.pieces import Piece
from app.extensions import db
from app.models import ArchivePiece, Entry, State, User
from app.models.columns import database_time, new_id
from tests.archives.conftest import let_lease_pass, load, path_of, paths_of

ENTRIES = 300
PIECE = 100


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL only: SQLite shows nobody else the snapshot that a worker reads."""
    return {**postgresql_settings, "ARCHIVE_PIECE_ROWS": PIECE}


@pytest.fixture
def entries(app: Flask, ann: User) -> int:
    return write_entries(ann, ENTRIES)


def write_entries(person: User, many: int) -> int:
    rows = [
        {"id": new_id(), "author_id": person.id, "title": f"Day {number}", "body": "Waves. " * 20}
        for number in range(many)
    ]
    db.session.execute(sa.insert(Entry), rows)
    db.session.commit()
    return many


def read_entries(archive_id: str) -> bytes:
    """What the ready archive holds of them, as JSON."""
    [path] = paths_of(load(archive_id))
    with zipfile.ZipFile(path) as package:
        return package.read(next(name for name in package.namelist() if name.endswith("data/json/entry.json")))


def expect_whole(app: Flask, archive_id: str, many: int) -> None:
    """Every entry once, and nothing left behind: no rows of pieces, no files of them."""
    archive = load(archive_id)
    assert archive.state == State.READY
    titles = [row["title"] for row in json.loads(read_entries(archive_id))]
    assert titles == [f"Day {number}" for number in range(many)]
    assert count_pieces() == 0
    assert [path.name for path in published(app)] == [path.name for path in paths_of(archive)]


def count_pieces(*where: Any) -> int:
    found = db.session.scalar(sa.select(sa.func.count()).select_from(ArchivePiece).where(*where))
    db.session.commit()
    return found or 0


def published(app: Flask) -> list[Path]:
    return list((Path(app.config["ARCHIVE_DIR"]) / "ready").iterdir())


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
    assert read_entries(alone) == read_entries(waiting)


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
        if count_pieces(ArchivePiece.sha256.is_not(None)) == 1:
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


# The rows of pieces, and who may change them.


@pytest.fixture
def held(ann: User, waiting: str) -> Claim:
    """Ann's archive in two pieces."""
    return claim_and_offer(ann)


def claim_and_offer(ann: User) -> Claim:
    held = ledger.claim(ann.id, large=True)
    assert held is not None
    pieces.offer(held, "00000003-00000001-1", [Piece(1, "entry", None, "5"), Piece(2, "entry", "5", None)])
    return held


def claim_piece(held: Claim) -> pieces.PieceClaim:
    claimed = pieces.claim(held.archive_id)
    assert claimed is not None
    return claimed


def test_the_last_that_is_free_is_claimed_once(held: Claim, ann: User) -> None:
    claims = [claim_piece(held), claim_piece(held)]
    assert [claimed.piece for claimed in claims] == [Piece(2, "entry", "5", None), Piece(1, "entry", None, "5")]
    assert {claimed.user_id for claimed in claims} == {ann.id}
    assert pieces.claim(held.archive_id) is None
    assert not pieces.take(held, 1)


def test_what_the_holder_has_taken_stays_its_own(held: Claim) -> None:
    assert pieces.take(held, 2)
    assert claim_piece(held).piece.number == 1
    assert pieces.claim(held.archive_id) is None


def test_a_silent_worker_loses_its_piece(held: Claim) -> None:
    lost = claim_piece(held)
    let_piece_lease_pass(lost)
    assert pieces.take(held, 2)
    for change in (pieces.renew, pieces.give_back, lambda claimed: pieces.finish(claimed, "0" * 64)):
        with pytest.raises(LeaseLostError):
            change(lost)
    assert pieces.find_made(held, 2) is None


def let_piece_lease_pass(claimed: pieces.PieceClaim) -> None:
    mine = sa.update(ArchivePiece).where(ArchivePiece.id == claimed.id)
    db.session.execute(mine.values(lease_until=database_time(-1)))
    db.session.commit()


def test_a_piece_that_is_given_back_is_free(held: Claim) -> None:
    pieces.give_back(claim_piece(held))
    assert claim_piece(held).piece.number == 2


def test_a_finished_piece_is_found_by_the_holder(held: Claim) -> None:
    made = claim_piece(held)
    assert pieces.find_made(held, 2) is None
    pieces.finish(made, "0" * 64)
    assert pieces.find_made(held, 2) == (made.file_name, "0" * 64)
    let_piece_lease_pass(made)
    assert not pieces.take(held, 2)
    assert pieces.forget(held) == [made.file_name]
    with pytest.raises(LeaseLostError):
        pieces.find_made(held, 2)


def fall_silent(_ann: User, held: Claim) -> None:
    let_lease_pass(held.archive_id)
    ledger.recover_silent(None)


ENDS: dict[str, Callable[[User, Claim], object]] = {
    "cancelled": lambda ann, held: ledger.cancel(ann.id, held.archive_id),
    "silent": fall_silent,
    "given back": lambda _ann, held: ledger.give_back(held.fence),
}


@pytest.mark.parametrize("end", ENDS)
def test_with_the_attempt_its_pieces_end(held: Claim, ann: User, end: str) -> None:
    begun = claim_piece(held)
    ENDS[end](ann, held)
    assert count_pieces(ArchivePiece.fence.is_(None)) == 1  # free, but for the attempt
    assert pieces.claim(held.archive_id) is None
    for change in (pieces.renew, lambda claimed: pieces.finish(claimed, "0" * 64)):
        with pytest.raises(LeaseLostError):
            change(begun)
    pieces.forget_void()
    assert count_pieces() == 0


def test_a_new_attempt_has_pieces_of_its_own(held: Claim, ann: User) -> None:
    begun = claim_piece(held)
    let_lease_pass(held.archive_id)
    again = claim_and_offer(ann)
    claimed = claim_piece(again)
    assert (claimed.attempt, claimed.piece.number) == (again.fence, 2)
    with pytest.raises(LeaseLostError):
        pieces.finish(begun, "0" * 64)
    pieces.forget_void()
    assert count_pieces() == 2


def test_files_of_pieces_at_work_are_left_alone(app: Flask, held: Claim, ann: User) -> None:
    """And swept when the attempt is over: what a killed worker has left behind."""
    begun = claim_piece(held)
    with storage.workspace(held.archive_id, held.fence) as folder:
        (folder / "piece").write_bytes(b"made")
        storage.publish_piece(folder / "piece", begun.file_name, "0" * 64)
    workspace = Path(app.config["ARCHIVE_DIR"]) / "tmp" / f"{held.archive_id}.{begun.fence}"
    workspace.mkdir()
    left = [path_of(begun.file_name), workspace]
    for path in left:
        os.utime(path, (0, 0))
    service.reconcile()
    assert [path.exists() for path in left] == [True, True]
    ledger.cancel(ann.id, held.archive_id)
    service.reconcile()
    assert [path.exists() for path in left] == [False, False]
