"""Columns that point to, or tell of, somebody else: what a SELECT must carry so that each value gets its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, ForeignKeyConstraint, Null, Text, and_, cast, false, null, or_, select

from app.engine.register import ThirdParty
from app.engine.schema import column_declaration, is_written_as_it_is, keys_of
from app.engine.selection import Selection


@dataclass(frozen=True)
class Pointer:
    """A column that may point to somebody else's row; positions are those in the SELECT's row."""

    column: int
    is_yours: int
    shown: int
    is_key: int
    """Whether what is shown is also the key of a row in the archive."""
    kind: str
    """What it points to, in words, for pseudonyms: "User 3"."""
    space: str
    """Within it, `key` names one row or one value."""
    key: tuple[int, ...]


def plan_pointers(kept: list[Column[Any]], extra: list[ColumnElement[Any]], selection: Selection) -> Iterator[Pointer]:
    """Appends to `extra` what each pointer needs, and says where it will stand."""
    for position, column in enumerate(kept):
        declared = column_declaration(column)
        if not isinstance(declared, ThirdParty):
            continue
        key = _choose_key(column, declared.shows)
        place = len(kept) + len(extra)
        shown = _shown(key, declared.shows)
        extra += [_is_yours(column, selection), shown, _is_key(column, key, shown, selection)]
        places = (position, place, place + 1, place + 2)
        if key is None:
            yield Pointer(*places, _words(column.name), f"{column.table.fullname}.{column.name}", (position,))
            continue
        names = list(_identify(key))
        extra += names
        positions = tuple(range(place + 3, place + 3 + len(names)))
        target = key.referred_table
        yield Pointer(*places, _words(target.name), target.fullname, positions)


def _words(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ").strip().capitalize()


def _choose_key(column: Column[Any], shows: str | None) -> ForeignKeyConstraint | None:
    """Of several foreign keys the one whose table has what is shown, else the shortest."""
    keys = keys_of(column)
    fitting = [key for key in keys if shows is None or shows in key.referred_table.columns]
    return next(iter(fitting or keys), None)


def _is_yours(column: Column[Any], selection: Selection) -> ColumnElement[bool]:
    """True where the value points to a row of the archive, and to none outside of it."""
    keys = [key for key in keys_of(column) if _is_shown_there(column, key)]
    if len(keys) != len(keys_of(column)) or not keys:
        return false()
    inside = [selection.points_to_included(key, column.table) for key in keys]
    if len(keys) == 1:
        return inside[0]
    unset = [or_(*(each.is_(None) for each in key.columns)) for key in keys]
    return and_(or_(*inside), *(or_(*each) for each in zip(inside, unset, strict=True)))


def _is_shown_there(column: Column[Any], key: ForeignKeyConstraint) -> bool:
    """Whether the row pointed to shows this very value: where it is a pseudonym there, it must not be bare here."""
    return all(is_written_as_it_is(each.column) for each in key.elements if each.parent is column)


def _identify(key: ForeignKeyConstraint) -> Iterator[ColumnElement[Any]]:
    """The primary key of the row pointed to, so that somebody has one name however they are pointed to."""
    by_column = {element.column: element.parent for element in key.elements}
    for column in key.referred_table.primary_key.columns:
        yield by_column[column] if column in by_column else _of_target(key, column)


def _shown(key: ForeignKeyConstraint | None, shows: str | None) -> ColumnElement[Any]:
    """What the row pointed to shows publicly, or NULL where the declaration names nothing."""
    return null() if key is None or shows is None else _of_target(key, key.referred_table.columns[shows])


def _is_key(
    column: Column[Any], key: ForeignKeyConstraint | None, shown: ColumnElement[Any], selection: Selection
) -> ColumnElement[bool]:
    """True where what is shown reads like the key of a row in the archive: its bearer must not pass for that row.

    Of the person's own table there is one row in the archive, and nobody is called by its key anyway.
    """
    if key is None or isinstance(shown, Null) or key.referred_table is selection.graph.subject:
        return false()
    node = selection.graph.node(key.referred_table)
    row = node.table.alias()
    referred = next(element.column for element in key.elements if element.parent is column)
    keys = select(cast(row.c[referred.key], Text)).where(selection.includes(node, row))
    return shown.in_(keys)


def _of_target(key: ForeignKeyConstraint, column: Column[Any]) -> ColumnElement[Any]:
    parent = key.referred_table.alias()
    same = [element.parent == parent.c[element.column.key] for element in key.elements]
    return select(parent.c[column.key]).where(and_(*same)).scalar_subquery()
