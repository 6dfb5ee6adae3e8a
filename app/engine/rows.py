"""Runs one planned SELECT and hands on its rows a batch at a time, ready for every writer.

What the values become for the archive is decided a column at a time.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.engine.plan import FileColumn, PlannedTable
from app.engine.pointers import Pointer
from app.engine.shape import Row, Value, WantedFile
from app.engine.values import NoTextError, to_document, to_value, to_values

MOST_ROWS = 1000
MOST_CHARACTERS = 1024**2
"""Of text in one batch, as far as the batch before it can tell."""
FIRST_ROWS = 50


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
    connection: Connection, planned: PlannedTable, pseudonyms: Pseudonyms, count: int | None = None
) -> Iterator[list[Row]]:
    """Yields lists of rows; the table as a whole is never in memory, and long texts make shorter lists.

    A column of files holds a `WantedFile` in each row that names one. `count`: how many rows there are, if known.

    Raises NoTextError, which names the column.
    """
    # max_row_buffer: the server's cursor gives as many rows as are asked for, and SQLAlchemy keeps no more. Of few
    # rows it would hold none back; without it, PostgreSQL is asked once, not three times, and remembers the plan.
    is_short = count is not None and count <= FIRST_ROWS
    options = {} if is_short else {"stream_results": True, "max_row_buffer": 1}
    wanted = FIRST_ROWS
    with connection.execute(planned.select, planned.given, execution_options=options) as result:
        while batch := result.fetchmany(wanted):
            rows = _finish(batch, planned, pseudonyms)
            yield rows
            wanted = _choose_size(rows)


def _choose_size(rows: list[Row]) -> int:
    """How many rows make the next batch, judged by the longest of about twenty of this one."""
    longest = max(sum(len(value) for value in row if isinstance(value, str)) for row in rows[:: len(rows) // 20 + 1])
    return max(1, min(MOST_ROWS, MOST_CHARACTERS // (longest + 1)))


def _finish(batch: Sequence[Sequence[Any]], planned: PlannedTable, pseudonyms: Pseudonyms) -> list[Row]:
    raw = list(zip(*batch, strict=True))
    columns = [_convert_column(raw[position], planned, position) for position in range(planned.width)]
    keys = _keys(planned, columns) if planned.files else ()
    if planned.pointers:
        _point(raw, columns, planned.pointers, pseudonyms)
    wanted = [(file.column, _want(file, columns, keys)) for file in planned.files]
    for position, names in wanted:
        columns[position] = names
    if planned.roles:
        columns.append(_roles(planned.roles, raw))
    return list(zip(*columns, strict=True))


def _convert_column(column: Sequence[Any], planned: PlannedTable, position: int) -> Sequence[Value]:
    try:
        return _convert(column, planned, position)
    except NoTextError as error:
        raise NoTextError(f"{planned.shape.name}.{planned.shape.fields[position].name}: {error}") from None


def _convert(column: Sequence[Any], planned: PlannedTable, position: int) -> Sequence[Value]:
    if convert := planned.stored.get(position):
        return convert(column)
    if planned.shape.fields[position].kind == "json":
        return list(map(to_document, column))
    return to_values(column)


def _keys(planned: PlannedTable, columns: list[Sequence[Value]]) -> list[str]:
    """The primary key of each row, as text."""
    names = [each.name for each in planned.shape.fields]
    parts = [map(str, columns[names.index(name)]) for name in planned.shape.key if name in names]
    return [", ".join(key) for key in zip(*parts, strict=True)] if parts else [""] * len(columns[0])


def _want(file: FileColumn, columns: list[Sequence[Value]], keys: Sequence[str]) -> list[Value]:
    stored, names = columns[file.column], columns[file.name]
    sums = columns[file.sha256] if file.sha256 is not None else itertools.repeat(None)
    return [
        None if name is None else WantedFile(file.store, name, str(name if called is None else called), key, sha256)
        for name, called, key, sha256 in zip(stored, names, keys, sums, strict=False)
    ]


def _roles(roles: Sequence[str], raw: list[tuple[Any, ...]]) -> list[str]:
    """Why each row is in the archive."""
    held = list(zip(*raw[-len(roles) :], strict=True))
    named = {each: ", ".join(dict.fromkeys(itertools.compress(roles, each))) for each in set(held)}
    return [named[each] for each in held]


def _point(
    raw: list[tuple[Any, ...]],
    columns: list[Sequence[Value]],
    pointers: Sequence[Pointer],
    pseudonyms: Pseudonyms,
) -> None:
    """Row by row: names are given in the order of the rows, however they are divided into batches."""
    found = {pointer: _find_strangers(columns[pointer.column], raw[pointer.is_yours]) for pointer in pointers}
    for pointer, numbers in found.items():
        if numbers:
            columns[pointer.column] = list(columns[pointer.column])
    for number in sorted(set().union(*found.values())):
        row = [column[number] for column in raw]
        for pointer, numbers in found.items():
            if number in numbers:
                column: Any = columns[pointer.column]
                column[number] = _name(row, pointer, pseudonyms)


def _find_strangers(column: Sequence[Value], are_yours: Sequence[Any]) -> set[int]:
    """The rows whose pointer leads out of the archive; in most tables there is none."""
    if all(are_yours):
        return set()
    pairs = enumerate(zip(column, are_yours, strict=True))
    return {number for number, (value, is_yours) in pairs if value is not None and not is_yours}


def _name(raw: Sequence[Any], pointer: Pointer, pseudonyms: Pseudonyms) -> str:
    key = [raw[position] for position in pointer.key]
    if None in key:  # a key of several columns that is not set as a whole, or points to nothing
        key = [pointer.column, raw[pointer.column]]
    shown = raw[pointer.shown]
    if raw[pointer.is_key]:
        pseudonyms.taken.add(str(to_value(shown)))
    return pseudonyms.name(pointer.kind, (pointer.space, *key), None if shown is None else str(to_value(shown)))
