"""A graph and one person make the plan: for each table one SELECT, ordered by primary key, and what each column is.

The statements use the columns' own types and take the person's id when they are sent; they read each row once however
many paths lead to it, and carry what is needed to say whose row a foreign key points to.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, func, select, types

from app.engine.choices import EVERYTHING, Choices
from app.engine.graph import Graph, Node
from app.engine.marking import mark
from app.engine.pointers import Pointer, plan_pointers
from app.engine.register import Secret, StoredFile, ThirdParty, Words
from app.engine.schema import (
    column_declaration,
    is_left_out,
    is_mark_of_one,
    is_written_as_it_is,
    keys_of,
    stored_type,
)
from app.engine.selection import Limits, Selection, bind_choices, bind_person, limits_of
from app.engine.shape import Field, Reference, TableShape
from app.engine.stored import Convert, as_stored, find_convert, to_code
from app.engine.values import to_field

ROLES = Field("roles", mark("Your part"), "text")
"""Added to tables with several owner paths: why the row is in the archive."""


@dataclass(frozen=True)
class FileColumn:
    column: int
    store: str
    name: int
    """Position of the column with the file's name; the file column itself where none is declared."""
    sha256: int | None
    """Position of the column with its checksum."""


@dataclass(frozen=True)
class PlannedTable:
    shape: TableShape
    select: Select[Any]
    count: Select[Any]
    width: int
    """How many of the SELECT's columns are values; those behind are for pointers and roles."""
    stored: Mapping[int, Convert]
    """Positions of the columns that come as the driver has them, and what converts them."""
    pointers: tuple[Pointer, ...]
    files: tuple[FileColumn, ...]
    roles: tuple[str, ...]
    """Empty for tables with one owner path."""
    left_out: tuple[tuple[str, str], ...]
    range_key: Column[Any] | None
    """What the rows are ordered by, where ranges of it can be read apart from each other."""
    count_all: Select[Any] | None = None
    """Where the person's choices keep rows out: how many there are without choices."""
    count_with_deleted: Select[Any] | None = None
    """Where deleted rows stay out: how many there would be with them, without choices."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """What each of the statements is sent with: whose rows it asks for, and of which days."""


def plan_tables(
    graph: Graph, person_id: str, choices: Choices = EVERYTHING, time_zone: str = "UTC"
) -> tuple[PlannedTable, ...]:
    """The included tables, the person's own first, then by name. Raises ValueError when nobody could have this id.

    `time_zone`: the person's, in which the chosen days begin and end.
    """
    given = {**bind_person(graph, person_id), **bind_choices(choices, time_zone)}
    return tuple(replace(planned, given=given) for planned in _plan_for_all(graph, limits_of(choices)))


@lru_cache(maxsize=8)
def _plan_for_all(graph: Graph, limits: Limits) -> tuple[PlannedTable, ...]:
    """For nobody yet. A process has one graph, and the same statements for each archive with the like choices.

    To make them anew took a quarter of a small one; the same object is also found at once among the statements that
    SQLAlchemy has compiled.
    """
    selection, whole = Selection(graph, limits), Selection(graph)
    included = frozenset(node.table for node in graph.nodes if node.is_included)
    return tuple(_plan(node, selection, whole, included) for node in graph.nodes if node.is_included)


def _plan(node: Node, selection: Selection, whole: Selection, included: Collection[Table]) -> PlannedTable:
    table = node.table
    kept, left_out = _sort_columns(table)
    extra: list[ColumnElement[Any]] = []
    pointers = tuple(plan_pointers(kept, extra, selection))
    files = tuple(_files(kept))
    roles = node.paths if len(node.paths) > 1 else ()
    extra += [selection.reaches(path.hops, table) for path in roles]
    rows = selection.includes(node, table)
    count = select(func.count()).select_from(table)
    stored = {position: convert for position, column in enumerate(kept) if (convert := find_convert(column))}
    values = [as_stored(column) if position in stored else column for position, column in enumerate(kept)]
    columns = [*values, *(column.label(f"extra_{number}") for number, column in enumerate(extra))]
    return PlannedTable(
        shape=_shape(node, kept, included, has_roles=bool(roles)),
        select=select(*columns).select_from(table).where(rows).order_by(*table.primary_key.columns),
        count=count.where(rows),
        width=len(kept),
        stored=stored,
        pointers=pointers,
        files=files,
        roles=tuple(path.role for path in roles),
        left_out=left_out,
        range_key=_range_key(table, pointers, files),
        count_all=count.where(whole.includes(node, table)) if selection.may_leave_out(node) else None,
        count_with_deleted=count.where(whole.reaches_any(node, table, with_deleted=True))
        if node.leaves_out_deleted
        else None,
    )


def _range_key(table: Table, pointers: tuple[Pointer, ...], files: tuple[FileColumn, ...]) -> Column[Any] | None:
    """Pseudonyms and files are numbered through the whole archive, in the order of its rows.

    Of other types than these the database may write what it does not read.
    """
    keys = table.primary_key.columns.values()
    if len(keys) != 1 or pointers or files:
        return None
    kind = stored_type(keys[0])
    is_plain = isinstance(kind, types.Integer | types.String | types.Uuid) and not isinstance(kind, types.Enum)
    return keys[0] if is_plain else None


def _sort_columns(table: Table) -> tuple[list[Column[Any]], tuple[tuple[str, str], ...]]:
    kept = [column for column in table.columns if not is_left_out(column)]
    left_out = [(column.name, _reason(column)) for column in table.columns if is_left_out(column)]
    return kept, tuple(left_out)


def _reason(column: Column[Any]) -> str:
    declared = column_declaration(column)
    if is_mark_of_one(column):
        return mark("Whether others deleted a row for themselves stays with them.")
    secret = mark("A secret that never leaves the site.")
    return secret if isinstance(declared, Secret) else getattr(declared, "reason", "")


def _shape(node: Node, kept: list[Column[Any]], included: Collection[Table], *, has_roles: bool) -> TableShape:
    fields = (*map(_field, kept), *_roles_field(node.table, has_roles))
    key = tuple(column.name for column in node.table.primary_key.columns)
    return TableShape(node.name, node.declaration, fields, key, tuple(_references(kept, included)))


def _references(kept: list[Column[Any]], included: Collection[Table]) -> Iterator[Reference]:
    """To whole primary keys of one column that the archive shows as they are; here a pseudonym may stand instead."""
    for column in kept:
        keys = [key for key in keys_of(column) if key.referred_table in included and len(key.elements) == 1]
        for target in (key.elements[0].column for key in keys):
            if target.table.primary_key.columns.values() == [target] and is_written_as_it_is(target):
                yield Reference(column.name, target.table.fullname, target.name)


def _field(column: Column[Any]) -> Field:
    declared = column_declaration(column)
    field = to_field(column, is_file=isinstance(declared, StoredFile))
    match declared:
        case ThirdParty():  # a pseudonym reads as no number and no date, whatever the column holds
            return replace(field, kind="id", number=False)
        case Words(pairs):
            return replace(field, words=tuple((to_code(column, code), word) for code, word in pairs))
        case StoredFile(alt=str(alt)):
            return replace(field, alt=column.table.columns[alt].name)
        case None if field.kind == "longtext" and _names_file(column):  # it is what the row is called
            return replace(field, kind="text")
    return field


def _names_file(column: Column[Any]) -> bool:
    declared = map(column_declaration, column.table.columns)
    return any(isinstance(each, StoredFile) and each.title == column.key for each in declared)


def _roles_field(table: Table, has_roles: bool) -> tuple[Field, ...]:
    """Named so that it hides no column of the table."""
    taken = {column.name for column in table.columns}
    name = ROLES.name
    while name in taken:
        name += "_"
    return (replace(ROLES, name=name),) if has_roles else ()


def _files(kept: list[Column[Any]]) -> Iterator[FileColumn]:
    names = [column.key for column in kept]
    for position, column in enumerate(kept):
        declared = column_declaration(column)
        if isinstance(declared, StoredFile):
            sha256 = names.index(declared.sha256) if declared.sha256 else None
            yield FileColumn(position, declared.store, names.index(declared.title or column.key), sha256)
