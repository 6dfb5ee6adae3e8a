"""What a `MetaData` says of its tables: their declarations, and their foreign keys in a fixed order.

Columns are looked up by their `key`, which is what `Table.c` knows them by, and written under their `name`.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, ColumnElement, ForeignKeyConstraint, Table, TypeDecorator, types
from sqlalchemy.types import TypeEngine

from app.engine.register import (
    KEY,
    ColumnDeclaration,
    DeletionMark,
    Internal,
    Secret,
    StoredFile,
    TableDeclaration,
    ThirdParty,
)


def table_declaration(table: Table) -> TableDeclaration | None:
    declared = table.info.get(KEY)
    return declared if isinstance(declared, TableDeclaration) else None


def column_declaration(column: Column[object]) -> ColumnDeclaration | None:
    declared = column.info.get(KEY)
    return declared if isinstance(declared, ColumnDeclaration) else None


def stored_type(column: ColumnElement[Any]) -> TypeEngine[Any]:
    """What the database holds, without what a type of somebody's own makes of it."""
    return column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type


def is_date(column: Column[Any]) -> bool:
    """Whether it says a day or a moment."""
    return isinstance(stored_type(column), types.Date | types.DateTime)


def kind_of(table: Table) -> str | None:
    declaration = table_declaration(table)
    return declaration.kind if declaration else None


def foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    """SQLAlchemy keeps them in a set; findings and statements need the same order each time."""
    return sorted(table.foreign_key_constraints, key=lambda key: (len(key.elements), _words(key)))


def _words(key: ForeignKeyConstraint) -> list[str]:
    return [f"{element.parent.key} {element.target_fullname}" for element in key.elements]


def keys_of(column: Column[object]) -> list[ForeignKeyConstraint]:
    """The foreign keys that this column belongs to, alone or with others; the shortest first."""
    return [key for key in foreign_keys(column.table) if any(each is column for each in key.columns)]


def is_left_out(column: Column[object]) -> bool:
    return isinstance(column_declaration(column), Secret | Internal) or is_mark_of_one(column)


def is_mark_of_one(column: Column[object]) -> bool:
    """Whether one of several owners deletes rows by it. In archives of the others it would tell what that one did."""
    declared = column_declaration(column)
    return isinstance(declared, DeletionMark) and declared.leave_out and declared.by is not None


def is_written_as_it_is(column: Column[object]) -> bool:
    return not is_left_out(column) and not isinstance(column_declaration(column), ThirdParty | StoredFile)


def is_followed(key: ForeignKeyConstraint) -> bool:
    """Whether the row pointed to must be in the archive: nobody can follow a key that is left out or a pseudonym.

    It must not be in the archive otherwise: a row that only a column kept back points to would give that away.
    """
    return all(is_written_as_it_is(column) for column in key.columns)


def marks_of(table: Table, *, leave_out: bool, by: Collection[str | None] | None = None) -> list[Column[object]]:
    """The columns that say that a row of this table was deleted. `by`: only those of these owner paths."""
    declared = [(column, column_declaration(column)) for column in table.columns]
    return [
        column
        for column, mark in declared
        if isinstance(mark, DeletionMark) and mark.leave_out == leave_out and (by is None or mark.by in by)
    ]
