"""Huge tables in pieces: ranges of a table's primary key, which several workers read under one snapshot.

The worker that holds the archive goes through the pieces in their order, and others from the last one on; where they
meet, all is read. So it never waits for anybody to begin, and with nobody else it makes each piece itself.
"""

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Protocol

from sqlalchemy import Column, ColumnElement, Connection, Text, cast, func, literal, select

from app.engine.package.piece import PieceFile
from app.engine.plan import PlannedTable
from app.engine.snapshot import export_snapshot

MOST = 40
"""Pieces of a table. Each asks anew which rows are the person's, and the one that all wait for at the end is small."""


@dataclass(frozen=True)
class Piece:
    number: int
    """Among the pieces of the archive, in the order of their rows, from 1 on."""
    table: str
    low: str | None
    """The key of its first row, as the database writes it; None: the first of all."""
    high: str | None
    """The key of the first row behind it; None: there is none."""


class Sharing(Protocol):
    """How the worker that holds an archive shares its pieces with others."""

    least_rows: int | None
    """Of a piece; a table that has no more stays whole. None: all do."""

    def offer(self, snapshot: str, pieces: Sequence[Piece]) -> None:
        """They can be made by others from now on, for as long as the snapshot is held."""

    def take(self, piece: Piece) -> PieceFile | None:
        """What another has made of it; waits while one is at work on it. None: it is ours to read, and nobody else's.

        Raises what ends the attempt.
        """


class Alone:
    """Everything is made here."""

    least_rows: int | None = None

    def offer(self, snapshot: str, pieces: Sequence[Piece]) -> None:
        """Nobody is there."""

    def take(self, piece: Piece) -> None:  # noqa: ARG002  # it is ours, whichever it is
        return None


ALONE: Sharing = Alone()


def share_tables(
    connection: Connection, plan: Collection[PlannedTable], counts: Collection[int], sharing: Sharing
) -> dict[str, list[Piece]]:
    """The pieces of each table that is split, by its name; they are offered then."""
    if sharing.least_rows is None or (snapshot := export_snapshot(connection)) is None:
        return {}
    pieces = list(_split(connection, plan, counts, sharing.least_rows))
    if pieces:
        sharing.offer(snapshot, pieces)
    return {table: list(found) for table, found in itertools.groupby(pieces, key=attrgetter("table"))}


def narrow(planned: PlannedTable, piece: Piece) -> PlannedTable:
    """The rows of this piece only."""
    key = planned.range_key
    if key is None:
        raise ValueError(f"{planned.shape.name} has no ranges")
    conditions = []
    if piece.low is not None:
        conditions.append(key >= _to_key(piece.low, key))
    if piece.high is not None:
        conditions.append(key < _to_key(piece.high, key))
    return replace(planned, select=planned.select.where(*conditions))


def _split(
    connection: Connection, plan: Collection[PlannedTable], counts: Collection[int], least_rows: int
) -> Iterator[Piece]:
    """In the order of the plan."""
    numbers = itertools.count(1)
    for planned, count in zip(plan, counts, strict=True):
        if planned.range_key is not None and count > least_rows:
            size = max(least_rows, -(-count // MOST))
            bounds = [None, *_find_bounds(connection, planned, planned.range_key, size), None]
            for low, high in itertools.pairwise(bounds):
                yield Piece(next(numbers), planned.shape.name, low, high)


def _find_bounds(connection: Connection, planned: PlannedTable, key: Column[Any], size: int) -> Sequence[str]:
    """The keys of the rows that pieces begin with, but for the first."""
    place = (func.row_number().over(order_by=key) - 1).label("place")
    rows = planned.count.with_only_columns(key.label("key"), place).subquery()
    bounds = select(cast(rows.c.key, Text)).where(rows.c.place > 0, rows.c.place % size == 0).order_by(rows.c.place)
    return connection.execute(bounds, planned.given).scalars().all()


def _to_key(text: str, key: Column[Any]) -> ColumnElement[Any]:
    """By the database, which wrote it: whatever the column's type makes of a value in Python."""
    return cast(literal(text, Text()), key.type)
