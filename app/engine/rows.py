"""Runs one planned SELECT and hands on its rows a batch at a time, ready for every writer."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.engine.plan import FileColumn, PlannedTable
from app.engine.pointers import Pointer
from app.engine.shape import Row, Value, WantedFile
from app.engine.values import to_value

BATCH = 1000

TakeFile = Callable[[WantedFile], str | None]
"""The member's path below `data/`, or None for a gap."""


@dataclass
class Pseudonyms:
    """Names for other people and their things, the same throughout one archive.

    Two people who show the same name stay two: the second becomes "Ann (2)". A column that shows nothing of a person
    does not give away what another column shows of them: there they are "User 3".
    """

    taken: set[str] = field(default_factory=set)
    """What nobody else may be called: the names given so far, and the person's own id."""
    given: dict[tuple[Any, ...], str] = field(default_factory=dict)
    counters: dict[str, Iterator[int]] = field(default_factory=dict)

    def name(self, kind: str, key: tuple[Any, ...], shown: str | None) -> str:
        """`kind` is the word for it; `key` tells it from all others, of this kind and of those called alike."""
        known = (*key, shown is None)
        if known not in self.given:
            self.given[known] = self._new(kind, shown)
        return self.given[known]

    def _new(self, kind: str, shown: str | None) -> str:
        candidates: Iterator[str]
        if shown is None:
            candidates = (f"{kind} {number}" for number in self.counters.setdefault(kind, itertools.count(1)))
        else:
            candidates = itertools.chain([shown], (f"{shown} ({number})" for number in itertools.count(2)))
        name = next(each for each in candidates if each not in self.taken)
        self.taken.add(name)
        return name


def read_rows(
    connection: Connection, planned: PlannedTable, pseudonyms: Pseudonyms, take_file: TakeFile
) -> Iterator[list[Row]]:
    """Yields lists of at most `BATCH` rows; the table as a whole is never in memory."""
    with connection.execute(planned.select.execution_options(yield_per=BATCH)) as result:
        for batch in result.partitions():
            yield [_finish(raw, planned, pseudonyms, take_file) for raw in batch]


def _finish(raw: Sequence[Any], planned: PlannedTable, pseudonyms: Pseudonyms, take_file: TakeFile) -> Row:
    row: list[Value] = [to_value(each) for each in raw[: planned.width]]
    key = _key(planned, row)
    for pointer in planned.pointers:
        row[pointer.column] = _point(raw, row, pointer, pseudonyms)
    for column in planned.files:
        if row[column.column] is not None:
            row[column.column] = take_file(_want(column, row, key))
    if planned.roles:
        held = raw[len(raw) - len(planned.roles) :]
        roles = [role for role, holds in zip(planned.roles, held, strict=True) if holds]
        row.append(", ".join(dict.fromkeys(roles)))
    return tuple(row)


def _want(column: FileColumn, row: list[Value], key: str) -> WantedFile:
    stored_name = row[column.column]
    name = stored_name if row[column.name] is None else row[column.name]
    return WantedFile(column.store, stored_name, str(name), key, None if column.sha256 is None else row[column.sha256])


def _key(planned: PlannedTable, row: list[Value]) -> str:
    names = [each.name for each in planned.shape.fields]
    return ", ".join(str(row[names.index(name)]) for name in planned.shape.key if name in names)


def _point(raw: Sequence[Any], row: list[Value], pointer: Pointer, pseudonyms: Pseudonyms) -> Value:
    value = row[pointer.column]
    if value is None or raw[pointer.is_yours]:
        return value
    key = [raw[position] for position in pointer.key]
    if None in key:  # a key of several columns that is not set as a whole, or points to nothing
        key = [pointer.column, raw[pointer.column]]
    shown = raw[pointer.shown]
    return pseudonyms.name(pointer.kind, (pointer.space, *key), None if shown is None else str(to_value(shown)))
