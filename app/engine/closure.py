"""Reference tables as far as they are referred to: from rows in the archive, and on from those among themselves.

Tables that point to each other in a ring, such as a tag with a parent tag, are closed over together by one recursive
WITH; every other table has a plain one. Its columns are the primary keys of all tables of the ring, side by side,
and a row of it names a row of one table; so the recursion refers to itself once, which PostgreSQL demands.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    FromClause,
    Select,
    Table,
    and_,
    cast,
    exists,
    false,
    null,
    or_,
    select,
    union,
    union_all,
)

from app.engine.graph import Graph, Node
from app.engine.schema import foreign_keys, is_followed

Ring = tuple[Table, ...]
Includes = Callable[[Node, FromClause], ColumnElement[bool]]


class ReferenceClosure:
    def __init__(self, graph: Graph, includes: Includes) -> None:
        self._graph = graph
        self._includes = includes
        self._rings = {table: ring for ring in _find_rings(graph) for table in ring}
        self._ctes: dict[Ring, CTE] = {}

    def holds(self, table: Table, rows: FromClause) -> ColumnElement[bool]:
        """True for the rows of `rows` (the table or an alias of it) that the closure holds."""
        ring = self._rings[table]
        if ring not in self._ctes:
            self._ctes[ring] = self._close(ring)
        kept = self._ctes[ring]
        pairs = [
            (rows.c[column.key], kept.c[number]) for number, column in enumerate(_slots(ring)) if column.table is table
        ]
        if len(pairs) == 1:
            own, held = pairs[0]
            return own.in_(select(held).where(held.is_not(None)))
        return exists().where(*(own == held for own, held in pairs))

    def _close(self, ring: Ring) -> CTE:
        starts = [self._start(table, ring) for table in ring]
        start = starts[0] if len(starts) == 1 else select(union(*starts).subquery())
        # Not by its tables: two schemas may have one of the same name, and a database cuts a long name off.
        name = f"satchel_kept_{list(dict.fromkeys(self._rings.values())).index(ring)}"
        edges = [key for table in ring for key in _followed(table) if key.referred_table in ring]
        if not edges:
            return start.cte(name)
        kept = start.cte(name, recursive=True)
        return kept.union(_step(kept, edges, _slots(ring)))

    def _start(self, table: Table, ring: Ring) -> Select[Any]:
        """The rows that others, from outside the ring, point to."""
        rows = table.alias()
        referred = [
            self._is_referred_to(rows, key, node)
            for node in self._graph.nodes
            if node.is_included and node.table not in ring
            for key in _followed(node.table)
            if key.referred_table is table
        ]
        return select(*_name(table, rows, _slots(ring))).where(or_(false(), *referred))

    def _is_referred_to(self, rows: FromClause, key: ForeignKeyConstraint, node: Node) -> ColumnElement[bool]:
        source = node.table.alias()
        inside = self._includes(node, source)
        if len(key.elements) == 1:
            element = key.elements[0]
            return rows.c[element.column.key].in_(select(source.c[element.parent.key]).where(inside))
        return exists().where(_joins(key, source, rows), inside)


def _step(kept: CTE, edges: Sequence[ForeignKeyConstraint], slots: list[Column[Any]]) -> Select[Any]:
    """From the rows held so far to those they point to."""
    width = len(slots)
    pairs = [_edge(key, slots) for key in edges]
    found = (pairs[0] if len(pairs) == 1 else union_all(*pairs)).subquery()
    columns = list(found.c)
    same_row = [
        and_(*(columns[n] == kept.c[n] for n, column in enumerate(slots) if column.table is table))
        for table in dict.fromkeys(column.table for column in slots)
    ]
    return select(*columns[width:]).select_from(found.join(kept, or_(*same_row)))


def _edge(key: ForeignKeyConstraint, slots: list[Column[Any]]) -> Select[Any]:
    """Each pair of rows that `key` joins: the one that points, then the one it points to."""
    source, target = key.table.alias(), key.referred_table.alias()
    columns = [*_name(key.table, source, slots), *_name(key.referred_table, target, slots)]
    labelled = [column.label(f"k{number}") for number, column in enumerate(columns)]
    return select(*labelled).select_from(source.join(target, _joins(key, source, target)))


def _joins(key: ForeignKeyConstraint, source: FromClause, target: FromClause) -> ColumnElement[bool]:
    return and_(*(source.c[each.parent.key] == target.c[each.column.key] for each in key.elements))


def _name(table: Table, rows: FromClause, slots: list[Column[Any]]) -> list[ColumnElement[Any]]:
    """The primary key of `rows` in its own places, and NULL in those of the ring's other tables."""
    return [
        (rows.c[column.key] if column.table is table else cast(null(), column.type)).label(f"k{number}")
        for number, column in enumerate(slots)
    ]


def _slots(ring: Ring) -> list[Column[Any]]:
    return [column for table in ring for column in table.primary_key.columns]


def _followed(table: Table) -> list[ForeignKeyConstraint]:
    return [key for key in foreign_keys(table) if is_followed(key)]


def _find_rings(graph: Graph) -> Iterator[Ring]:
    """The reference tables, those that can be reached from each other together."""
    tables = [node.table for node in graph.nodes if node.declaration.kind == "reference"]
    beyond = cache(lambda table: _reach(table, tables))
    for table in tables:
        ring = tuple(
            other for other in tables if other is table or (other in beyond(table) and table in beyond(other))
        )
        if ring[0] is table:
            yield ring


def _reach(table: Table, tables: list[Table]) -> set[Table]:
    """All tables that a chain of foreign keys leads to from this one."""
    reached: set[Table] = set()
    ahead = [table]
    while ahead:
        targets = {key.referred_table for key in _followed(ahead.pop())} & set(tables)
        ahead += targets - reached
        reached |= targets
    return reached
