"""The rows of pieces: which parts of an archive may be read elsewhere, who reads them, and what is done.

Like the ledger of archives, each change is one conditional UPDATE, and its row count decides. A piece belongs to one
attempt: as soon as the archive has another fence, or none, nobody can claim, renew or finish it any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from app.archives.ledger import FRESH, Claim, LeaseLostError, new_fence
from app.archives.ledger.conditions import is_over
from app.archives.ledger.writing import change, new_lease
from app.engine.choices import Choices
from app.engine.pieces import Piece
from app.extensions import db
from app.models import Archive, ArchivePiece, State


@dataclass(frozen=True)
class PieceClaim:
    """The right to make a piece, as long as the lease is renewed."""

    id: str
    archive_id: str
    reference: str
    """The archive's, for logs."""
    user_id: str
    choices: Choices
    """The archive's, as are the next two."""
    locale: str | None
    time_zone: str | None
    attempt: str
    snapshot: str
    fence: str
    piece: Piece

    @property
    def file_name(self) -> str:
        return _file_name(self.archive_id, self.attempt, self.piece.number, self.fence)


def offer(held: Claim, snapshot: str, pieces: Sequence[Piece]) -> None:
    """Other workers can claim them now."""
    db.session.commit()
    shared = {"archive_id": held.archive_id, "attempt": held.fence, "snapshot": snapshot}
    db.session.add_all(
        ArchivePiece(**shared, number=piece.number, table_name=piece.table, low=piece.low, high=piece.high)
        for piece in pieces
    )
    db.session.commit()


def claim(archive_id: str) -> PieceClaim | None:
    """The last that is free, for a worker that does not hold the archive. None: there is nothing to do."""
    fence = new_fence()
    free = aliased(ArchivePiece)
    last = (
        select(free.id)
        .join(Archive, _is_at_work(free))
        .where(Archive.id == archive_id, _is_free(free))
        .order_by(free.number.desc())
        .limit(1)
        .with_for_update(of=free, skip_locked=True)  # two that look at the same moment find two
    )
    claimed = update(ArchivePiece).where(ArchivePiece.id == last.scalar_subquery())
    if not change(claimed.values(fence=fence, lease_until=new_lease())):
        return None
    mine = select(ArchivePiece, Archive).join(Archive).where(ArchivePiece.fence == fence)
    found = db.session.execute(mine, execution_options=FRESH).one_or_none()
    db.session.commit()
    if found is None:  # the attempt has ended in between
        return None
    row, archive = found
    piece = Piece(row.number, row.table_name, row.low, row.high)
    of_archive = (archive.id, archive.reference, archive.user_id)
    asked = (archive.choices, archive.locale, archive.time_zone)
    return PieceClaim(row.id, *of_archive, *asked, row.attempt, row.snapshot, fence, piece)


def renew(held: PieceClaim) -> None:
    """Raises LeaseLostError."""
    _change_mine(held, lease_until=new_lease())


def finish(held: PieceClaim, sha256: str) -> None:
    """Its file is published. Raises LeaseLostError."""
    _change_mine(held, sha256=sha256)


def give_back(held: PieceClaim) -> None:
    """Somebody else may have it. Raises LeaseLostError."""
    _change_mine(held, fence=None, lease_until=None)


def take(held: Claim, number: int) -> bool:
    """Whether the piece belongs to the archive's own worker now; nobody else can claim it then."""
    free = update(ArchivePiece).where(_is(held, number), _is_free(ArchivePiece))
    return change(free.values(fence=held.fence, lease_until=None)) == 1


def find_made(held: Claim, number: int) -> tuple[str, str] | None:
    """Name and SHA-256 of the file, once another worker has made it. Raises LeaseLostError."""
    piece = db.session.scalar(select(ArchivePiece).where(_is(held, number)), execution_options=FRESH)
    db.session.commit()
    if piece is None:
        raise LeaseLostError(held.archive_id)
    return None if piece.sha256 is None else (_name(piece), piece.sha256)


def forget(held: Claim) -> list[str]:
    """The attempt needs its pieces no more. Names of their files."""
    its = ArchivePiece.attempt == held.fence
    made = db.session.scalars(
        select(ArchivePiece).where(its, ArchivePiece.sha256.is_not(None)), execution_options=FRESH
    )
    names = [_name(piece) for piece in made]
    change(delete(ArchivePiece).where(its))
    return names


def forget_void() -> None:
    """Pieces of attempts that have ended without a word; the sweeper removes their files."""
    change(delete(ArchivePiece).where(~exists(select(Archive.id).where(_is_at_work(ArchivePiece)))))


def _change_mine(held: PieceClaim, **values: Any) -> None:
    mine = and_(ArchivePiece.id == held.id, ArchivePiece.fence == held.fence, ArchivePiece.sha256.is_(None))
    at_work = exists(select(Archive.id).where(_is_at_work(ArchivePiece)))
    if change(update(ArchivePiece).where(mine, at_work).values(**values)) != 1:
        raise LeaseLostError(held.archive_id)


def _is(held: Claim, number: int) -> ColumnElement[bool]:
    return and_(ArchivePiece.attempt == held.fence, ArchivePiece.number == number)


def _is_at_work(piece: type[ArchivePiece]) -> ColumnElement[bool]:
    """The attempt that it was offered in goes on."""
    return and_(Archive.id == piece.archive_id, Archive.state == State.RUNNING, Archive.fence == piece.attempt)


def _is_free(piece: type[ArchivePiece]) -> ColumnElement[bool]:
    return and_(piece.sha256.is_(None), or_(piece.fence.is_(None), is_over(piece.lease_until)))


def _name(piece: ArchivePiece) -> str:
    return _file_name(piece.archive_id, piece.attempt, piece.number, piece.fence or "")


def _file_name(archive_id: str, attempt: str, number: int, fence: str) -> str:
    """The attempt stands where the sweeper looks for it."""
    return f"{archive_id}.{attempt}.{number}.{fence}.piece"
