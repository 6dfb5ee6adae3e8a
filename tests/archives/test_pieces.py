"""The rows of pieces, and who may change them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.archives import ledger, pieces, reconciling, storage
from app.archives.ledger import Claim, LeaseLostError
from app.engine.pieces import Piece
from app.extensions import db
from app.models import ArchivePiece, User
from app.models.columns import database_time
from tests.archives.conftest import let_lease_pass, path_of
from tests.archives.shared import count_pieces


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL only: nobody shares on SQLite."""
    return postgresql_settings


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


@pytest.mark.parametrize("ends", [-1, 3600], ids=["past", "clock put back"])
def test_a_silent_worker_loses_its_piece(held: Claim, ends: float) -> None:
    lost = claim_piece(held)
    let_piece_lease_end(lost, ends)
    assert pieces.take(held, 2)
    for change in (pieces.renew, pieces.give_back, lambda claimed: pieces.finish(claimed, "0" * 64)):
        with pytest.raises(LeaseLostError):
            change(lost)
    assert pieces.find_made(held, 2) is None


def let_piece_lease_end(claimed: pieces.PieceClaim, seconds: float) -> None:
    """So many seconds from now."""
    mine = sa.update(ArchivePiece).where(ArchivePiece.id == claimed.id)
    db.session.execute(mine.values(lease_until=database_time(seconds)))
    db.session.commit()


def test_a_piece_that_is_given_back_is_free(held: Claim) -> None:
    pieces.give_back(claim_piece(held))
    assert claim_piece(held).piece.number == 2


def test_a_finished_piece_is_found_by_the_holder(held: Claim) -> None:
    made = claim_piece(held)
    assert pieces.find_made(held, 2) is None
    pieces.finish(made, "0" * 64)
    assert pieces.find_made(held, 2) == (made.file_name, "0" * 64)
    let_piece_lease_end(made, -1)
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
    reconciling.reconcile()
    assert [path.exists() for path in left] == [True, True]
    ledger.cancel(ann.id, held.archive_id)
    reconciling.reconcile()
    assert [path.exists() for path in left] == [False, False]
