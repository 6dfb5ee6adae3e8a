"""A graph and one person make the plan: for each table one SELECT, ordered by primary key, and what each column is.

The statements use the columns' own types and bind the person's id; they read each row once however many paths lead
to it, and carry what is needed to say whose row a foreign key points to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    false,
    func,
    null,
    or_,
    select,
    true,
)

from app.engine.graph import Graph, Node, column_declaration, foreign_key
from app.engine.register import Internal, Secret, StoredFile, ThirdParty
from app.engine.shape import Field, TableShape
from app.engine.values import to_field

ROLES = Field("roles", "Your part", "text")
"""Added to tables with several owner paths: why the row is in the archive."""


@dataclass(frozen=True)
class Pointer:
    """A column that may point to somebody else's row; positions are those in the SELECT's row."""

    column: int
    is_yours: int
    shown: int
    kind: str
    """What it points to, in words, for pseudonyms: "User 3"."""


@dataclass(frozen=True)
class FileColumn:
    column: int
    store: str
    name: int
    """Position of the column with the file's name; the file column itself where none is declared."""


@dataclass(frozen=True)
class PlannedTable:
    shape: TableShape
    select: Select[Any]
    count: Select[Any]
    width: int
    """How many of the SELECT's columns are values; those behind are for pointers and roles."""
    pointers: tuple[Pointer, ...]
    files: tuple[FileColumn, ...]
    roles: tuple[str, ...]
    """Empty for tables with one owner path."""
    left_out: tuple[tuple[str, str], ...]


def plan_tables(graph: Graph, person_id: str) -> tuple[PlannedTable, ...]:
    """The included tables, the person's own first, then by name."""
    return tuple(_Planner(graph, person_id).plan(node) for node in graph.nodes if node.is_included)


class _Planner:
    def __init__(self, graph: Graph, person_id: str) -> None:
        self.graph = graph
        key = next(iter(graph.subject.primary_key.columns))
        self.key = key
        self.person = bindparam("person", key.type.python_type(person_id), type_=key.type)

    def plan(self, node: Node) -> PlannedTable:
        table = node.table
        kept, left_out = _sort_columns(table)
        extra: list[ColumnElement[Any]] = []
        pointers = tuple(self._pointers(kept, extra))
        roles = node.paths if len(node.paths) > 1 else ()
        extra += [self._reaches(path.hops, table) for path in roles]
        rows = self.included(node, table)
        columns = [*kept, *(column.label(f"extra_{number}") for number, column in enumerate(extra))]
        return PlannedTable(
            shape=_shape(node, kept, bool(roles)),
            select=select(*columns).where(rows).order_by(*table.primary_key.columns),
            count=select(func.count()).select_from(table).where(rows),
            width=len(kept),
            pointers=pointers,
            files=tuple(_files(kept)),
            roles=tuple(path.role for path in roles),
            left_out=left_out,
        )

    def included(self, node: Node, rows: FromClause) -> ColumnElement[bool]:
        """True for the rows of `rows` (the node's table or an alias of it) that are in the archive."""
        if node.table is self.graph.subject:
            return rows.c[self.key.name] == self.person
        if node.declaration.kind == "reference":
            return self._referred_to(node, rows)
        return or_(false(), *(self._reaches(path.hops, rows) for path in node.paths))

    def _reaches(self, hops: tuple[ForeignKeyConstraint, ...], rows: FromClause) -> ColumnElement[bool]:
        """True where this owner path leads from the row to the person."""
        hop, rest = hops[0], hops[1:]
        if not rest and [element.column for element in hop.elements] == [self.key]:
            return rows.c[hop.elements[0].parent.name] == self.person
        parent = hop.referred_table.alias()
        inside = self._reaches(rest, parent) if rest else parent.c[self.key.name] == self.person
        return _points_into(hop, rows, parent, inside)

    def _referred_to(self, node: Node, rows: FromClause) -> ColumnElement[bool]:
        found = [
            _referred_by(key, other.table.alias(), rows, self)
            for other in self.graph.nodes
            if other.is_included and other is not node
            for key in other.table.foreign_key_constraints
            if key.referred_table is node.table
        ]
        return or_(false(), *found)

    def _pointers(self, kept: list[Column[Any]], extra: list[ColumnElement[Any]]) -> Iterator[Pointer]:
        """Appends to `extra` what each pointer needs, and says where it will stand."""
        for position, column in enumerate(kept):
            declared, key = column_declaration(column), foreign_key(column)
            if not isinstance(declared, ThirdParty) or key is None:
                continue
            place = len(kept) + len(extra)
            target = key.referred_table
            extra += [self._is_yours(key, column.table), _shown(key, column.table, declared.shows)]
            yield Pointer(position, place, place + 1, target.name.replace("_", " ").capitalize())

    def _is_yours(self, key: ForeignKeyConstraint, rows: FromClause) -> ColumnElement[bool]:
        """True where the row pointed to is in the archive."""
        target = self.graph.node(key.referred_table)
        if not target.is_included:
            return false()
        if target.declaration.kind == "reference":
            return true()
        parent = target.table.alias()
        return _points_into(key, rows, parent, self.included(target, parent))


def _points_into(
    key: ForeignKeyConstraint, rows: FromClause, parent: FromClause, inside: ColumnElement[bool]
) -> ColumnElement[bool]:
    """True where `key` leads from a row of `rows` to a row of `parent` that is `inside`.

    IN lets the database use an index on the foreign key; a correlated EXISTS, needed for composite keys, is asked
    row by row.
    """
    if len(key.elements) == 1:
        element = key.elements[0]
        wanted = select(parent.c[element.column.name]).where(inside)
        return rows.c[element.parent.name].in_(wanted)
    same = (rows.c[element.parent.name] == parent.c[element.column.name] for element in key.elements)
    return exists().where(*same, inside)


def _referred_by(
    key: ForeignKeyConstraint, other: FromClause, rows: FromClause, planner: _Planner
) -> ColumnElement[bool]:
    node = planner.graph.node(key.table)
    inside = planner.included(node, other)
    if len(key.elements) == 1:
        element = key.elements[0]
        return rows.c[element.column.name].in_(select(other.c[element.parent.name]).where(inside))
    same = (other.c[element.parent.name] == rows.c[element.column.name] for element in key.elements)
    return exists().where(*same, inside)


def _shown(key: ForeignKeyConstraint, rows: FromClause, shows: str | None) -> ColumnElement[Any]:
    """What the row pointed to shows publicly, or NULL where the declaration names nothing."""
    if shows is None:
        return null()
    parent = key.referred_table.alias()
    same = [rows.c[element.parent.name] == parent.c[element.column.name] for element in key.elements]
    return select(parent.c[shows]).where(and_(*same)).scalar_subquery()


def _sort_columns(table: Table) -> tuple[list[Column[Any]], tuple[tuple[str, str], ...]]:
    kept, left_out = [], []
    for column in table.columns:
        declared = column_declaration(column)
        if isinstance(declared, Secret):
            left_out.append((column.name, "A secret that never leaves the site."))
        elif isinstance(declared, Internal):
            left_out.append((column.name, declared.reason))
        else:
            kept.append(column)
    return kept, tuple(left_out)


def _shape(node: Node, kept: list[Column[Any]], has_roles: bool) -> TableShape:
    fields = [to_field(column, is_file=isinstance(column_declaration(column), StoredFile)) for column in kept]
    key = tuple(column.name for column in node.table.primary_key.columns)
    return TableShape(node.table.name, node.declaration, (*fields, ROLES) if has_roles else tuple(fields), key)


def _files(kept: list[Column[Any]]) -> Iterator[FileColumn]:
    names = [column.name for column in kept]
    for position, column in enumerate(kept):
        declared = column_declaration(column)
        if isinstance(declared, StoredFile):
            yield FileColumn(position, declared.store, names.index(declared.title or column.name))
