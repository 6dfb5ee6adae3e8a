"""How much there is of one person, counted and not read: for pages that show it before any archive is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    types,
    union_all,
)

from app.engine.categories import category_of, find_date, list_bonds, list_categories
from app.engine.choices import EVERYTHING, Choices
from app.engine.graph import Graph, Node
from app.engine.register import StoredFile
from app.engine.schema import column_declaration
from app.engine.selection import Limits, Selection, bind_choices, bind_person, limits_of

AT_ONCE = 16
"""Tables that one statement counts: SQLite joins 64, and PostgreSQL plans more of them slowly."""
Item = TypeVar("Item")


@dataclass(frozen=True)
class Counted:
    """A category, with what belongs to it."""

    node: Node
    rows: int
    """Of its own table."""
    all_rows: int
    """With those that belong to them; the account's also with those of tables that belong to no category."""
    earliest: Any
    """As the column has it: a date, a moment, or None."""
    latest: Any
    files: int
    file_bytes: int
    is_dated: bool
    """Its rows have a date of their own."""
    bonds: list[Node]
    """Categories that some of its rows come with, and stay out with."""


@dataclass(frozen=True)
class Amount:
    """Of a table, or of a whole archive."""

    rows: int
    file_bytes: int
    """As far as the tables say how large they are."""


def count_categories(connection: Connection, graph: Graph, person_id: str) -> list[Counted]:
    """The person's own table first, then by name. Raises ValueError when nobody could have this id."""
    person = bind_person(graph, person_id)
    return [
        counted
        for statement, nodes in _ask_categories(graph)
        for counted in _read(graph, nodes, connection.execute(statement, person).one())
    ]


def count_amount(
    connection: Connection, graph: Graph, person_id: str, choices: Choices = EVERYTHING, time_zone: str = "UTC"
) -> Amount:
    """What an archive with these choices would hold now. Raises ValueError when nobody could have this id."""
    return add_up(count_tables(connection, graph, person_id, choices, time_zone))


def count_tables(
    connection: Connection, graph: Graph, person_id: str, choices: Choices = EVERYTHING, time_zone: str = "UTC"
) -> list[Amount]:
    """The same for each table that an archive may hold, in the graph's order. Raises ValueError as well.

    Many by one statement: with one for each, they took a tenth of a small archive's time.
    """
    given = {**bind_person(graph, person_id), **bind_choices(choices, time_zone)}
    return [
        Amount(rows, int(file_bytes) if choices.files else 0)
        for statement in _ask_amounts(graph, limits_of(choices))
        for _place, rows, file_bytes in connection.execute(statement, given)
    ]


def add_up(amounts: Sequence[Amount]) -> Amount:
    return Amount(sum(each.rows for each in amounts), sum(each.file_bytes for each in amounts))


@lru_cache(maxsize=1)
def _ask_categories(graph: Graph) -> list[tuple[Select[Any], list[Node]]]:
    """Put together once for a process, as the plan of an archive is."""
    categories = list_categories(graph)
    selection = Selection(graph)
    return [(_join(_ask_category(graph, selection, node) for node in nodes), nodes) for nodes in _cut(categories)]


def _cut(items: list[Item]) -> list[list[Item]]:
    """Into what one statement counts."""
    return [items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE)]


def _join(counts: Iterable[Select[Any]]) -> Select[Any]:
    """The one row of each, side by side."""
    first, *others = [count.subquery() for count in counts]
    columns = [column for each in (first, *others) for column in each.c]
    rows: Any = first
    for other in others:
        rows = rows.join(other, true())
    return select(*columns).select_from(rows)


_WIDTH = 6


def _ask_category(graph: Graph, selection: Selection, node: Node) -> Select[Any]:
    date = find_date(graph, node)
    span = (func.min(date), func.max(date)) if date is not None else (null(), null())
    columns = [func.count().label("rows"), *_name(("earliest", "latest"), span)]
    columns += _name(("more_rows", "files", "bytes"), _ask_members(graph, selection, node))
    return select(*columns).select_from(node.table).where(selection.includes(node, node.table))


def _name(names: Iterable[str], columns: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [column.label(name) for name, column in zip(names, columns, strict=True)]


def _ask_members(graph: Graph, selection: Selection, category: Node) -> tuple[ColumnElement[Any], ...]:
    """Rows besides those of its own table, files, and their bytes: of the category and of what belongs to it."""
    zero: ColumnElement[Any] = literal(0, types.BigInteger)
    more, count, size = zero, zero, zero
    for node in graph.nodes:
        if node.is_included and _counts_for(graph, node) is category:
            rows = node.table.alias()
            inside = selection.includes(node, rows)
            if node is not category:
                more += select(func.count()).select_from(rows).where(inside).scalar_subquery()
            for column, file in _files(node):
                count += select(func.count(rows.c[column.key])).where(inside).scalar_subquery()
                if file.size:
                    size += select(_total(rows.c[file.size])).where(inside).scalar_subquery()
    return more, count, size


def _counts_for(graph: Graph, node: Node) -> Node:
    """The category that its rows are counted with: all of them together are an archive of everything."""
    category = category_of(graph, node)
    return category if category.declaration.kind == "owned" else graph.node(graph.subject)


def _read(graph: Graph, nodes: Sequence[Node], row: Sequence[Any]) -> list[Counted]:
    return [
        Counted(
            node,
            rows=row[start],
            earliest=row[start + 1],
            latest=row[start + 2],
            all_rows=row[start] + int(row[start + 3]),
            files=int(row[start + 4]),
            file_bytes=int(row[start + 5]),
            is_dated=find_date(graph, node) is not None,
            bonds=list_bonds(graph, node),
        )
        for node, start in zip(nodes, range(0, len(row), _WIDTH), strict=True)
    ]


@lru_cache(maxsize=8)
def _ask_amounts(graph: Graph, limits: Limits) -> list[CompoundSelect[Any]]:
    selection = Selection(graph, limits)
    included = [node for node in graph.nodes if node.is_included]
    counts = [_ask_table(place, node, selection) for place, node in enumerate(included)]
    return [union_all(*some).order_by("place") for some in _cut(counts)]


def _ask_table(place: int, node: Node, selection: Selection) -> Select[Any]:
    sizes = [_total(node.table.columns[file.size]) for _, file in _files(node) if file.size]
    size = sum(sizes[1:], start=sizes[0]) if sizes else literal(0, types.BigInteger)
    number: ColumnElement[Any] = literal_column(str(place), types.Integer)
    columns = [number.label("place"), func.count().label("rows"), cast(size, types.BigInteger).label("bytes")]
    return select(*columns).select_from(node.table).where(selection.includes(node, node.table))


def _total(size: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(size), 0)


def _files(node: Node) -> list[tuple[Column[Any], StoredFile]]:
    found = ((column, column_declaration(column)) for column in node.table.columns)
    return [(column, declared) for column, declared in found if isinstance(declared, StoredFile)]
