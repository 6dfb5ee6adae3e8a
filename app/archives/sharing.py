"""One large archive, made by several workers: the one that holds it shares pieces, others make those that are free.

Nobody waits for a message. The holder works on the pieces too, from the first one on, and waits only for one that a
living worker is at work on; it makes by itself what nobody began, what was given up, and what came back damaged.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flask import current_app
from kombu.exceptions import OperationalError
from sqlalchemy.exc import SQLAlchemyError

from app.archives import pieces, storage
from app.archives.heart import Heart
from app.archives.ledger import Claim, LeaseLostError
from app.archives.pieces import PieceClaim
from app.engine import piecework
from app.engine.package import PieceFile
from app.engine.pieces import Piece
from app.extensions import db
from app.log_format import about
from app.models import User
from app.sources import graph, subject_of

log = logging.getLogger(__name__)

Ring = Callable[[str], object]
"""Asks another worker to help with an archive, by its id."""
PAUSE = 0.1
"""Seconds between two looks at a piece that somebody is at work on."""


def nobody(_archive_id: str) -> None:
    """A Ring that no one hears."""


@contextmanager
def share(held: Claim, heart: Heart, folder: Path, ring: Ring) -> Iterator["SharedArchive"]:
    """For the holder, while it makes the archive; `folder` is its own. Nothing of the pieces stays behind."""
    try:
        yield SharedArchive(held, heart, folder, ring)
    finally:
        _forget(held)


class SharedArchive:
    """What the engine's `Sharing` asks for."""

    def __init__(self, held: Claim, heart: Heart, folder: Path, ring: Ring) -> None:
        self.least_rows: int | None = current_app.config["ARCHIVE_PIECE_ROWS"]
        self._held = held
        self._heart = heart
        self._folder = folder
        self._ring = ring

    def offer(self, snapshot: str, offered: Sequence[Piece]) -> None:
        pieces.offer(self._held, snapshot, offered)
        helping = min(len(offered) - 1, current_app.config["ARCHIVE_PIECE_WORKERS"])
        log.info("archive %s: offered in %s pieces", self._held.reference, len(offered))
        try:
            for _ in range(helping):
                self._ring(self._held.archive_id)
        except OperationalError as error:
            log.warning("archive %s: made by one worker, nobody can be rung for: %s", self._held.reference, error)

    def take(self, piece: Piece) -> PieceFile | None:
        while not pieces.take(self._held, piece.number):
            if made := pieces.find_made(self._held, piece.number):
                return self._fetch(*made)
            self._heart.check()
            time.sleep(PAUSE)
        return None

    def _fetch(self, name: str, sha256: str) -> PieceFile | None:
        """None where it is not what was made: then we make it again."""
        path = self._folder / name
        try:
            storage.fetch(name, sha256, path)
        except OSError as error:
            log.warning("archive %s: a piece is made again: %s", self._held.reference, error)
            return None
        storage.discard([name])
        return PieceFile(path)


def make_piece(archive_id: str) -> bool:
    """Make one piece of this archive, if any is free. Whether there may be more: the caller rings again.

    One at a time, so that a worker that helps takes its turn with the archives of others.
    """
    held = pieces.claim(archive_id)
    if held is None:
        return False
    with about(archive_id=held.archive_id, reference=held.reference):
        return _attempt(held)


def _attempt(held: PieceClaim) -> bool:
    """Whether another may be begun."""
    try:
        _make(held)
    except LeaseLostError:
        log.info("piece %s of archive %s: no longer wanted here", held.piece.number, held.reference)
    except Exception:
        log.exception("piece %s of archive %s: left to others", held.piece.number, held.reference)
        _give_back(held)
        return False
    except BaseException:  # the worker is being stopped
        _give_back(held)
        raise
    return True


def _make(held: PieceClaim) -> None:
    """Read and pack in a folder of our own, publish, and only then say so. Raises LeaseLostError."""
    person = db.session.get(User, held.user_id)
    if person is None:
        raise LeaseLostError(held.reference)
    db.session.commit()  # hold no connection of the session meanwhile
    with (
        Heart(held.reference, lambda *_: pieces.renew(held)) as heart,
        storage.workspace(held.archive_id, held.fence) as folder,
    ):
        file = piecework.make_piece(
            held.piece,
            engine=db.engine,
            graph=graph(),
            snapshot=held.snapshot,
            subject=subject_of(person, held.locale, held.time_zone),
            choices=held.choices,
            workspace=folder,
            go_on=heart.check,
        )
        with file.open("rb") as made:
            sha256 = hashlib.file_digest(made, "sha256").hexdigest()
        storage.publish_piece(file, held.file_name, sha256, heart.check)
    try:
        pieces.finish(held, sha256)
    except LeaseLostError:
        storage.discard([held.file_name])
        raise


def _give_back(held: PieceClaim) -> None:
    """If even that fails, its lease runs out."""
    try:
        db.session.rollback()
        pieces.give_back(held)
    except (LeaseLostError, SQLAlchemyError) as error:
        log.info("piece %s of archive %s: not given back: %s", held.piece.number, held.reference, error)


def _forget(held: Claim) -> None:
    """If that fails, the reconciler forgets the rows, and the sweeper removes the files."""
    try:
        db.session.rollback()
        storage.discard(pieces.forget(held))
    except SQLAlchemyError:
        log.exception("archive %s: its pieces are left to the reconciler", held.reference)
