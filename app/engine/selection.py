"""Which rows are one person's, as conditions that every statement of an archive shares.

A row is in the archive because an owner path leads from it to the person, or because a row in the archive points to
it and it is of a reference table. Conditions on one column use IN, so that the database can take an index on the
foreign key; a correlated EXISTS, needed for keys of several columns, is asked row by row.

What was deleted, and what the person left out, takes with it whatever reaches the person only through it. What one
of its owners deleted for themselves alone is still there for the others.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    FromClause,
    Integer,
    Numeric,
    Table,
    and_,
    bindparam,
    exists,
    false,
    or_,
    select,
    true,
    types,
)

from app.engine.categories import find_date
from app.engine.choices import Choices
from app.engine.closure import ReferenceClosure
from app.engine.graph import Graph, Node
from app.engine.paths import Hop
from app.engine.schema import marks_of, stored_type
from app.engine.time_zones import find_zone

_PERSON = "person"


@dataclass(frozen=True)
class Limits:
    """Which choices leave rows out. The days themselves are sent with each statement, as the person is."""

    without: frozenset[str] = frozenset()
    has_since: bool = False
    has_until: bool = False


UNLIMITED = Limits()


def limits_of(choices: Choices) -> Limits:
    return Limits(choices.without, choices.since is not None, choices.until not in {None, date.max})


class Selection:
    """For any person: statements take theirs from `bind_person`. `rows` is always a table or an alias of it."""

    def __init__(self, graph: Graph, limits: Limits = UNLIMITED) -> None:
        self.graph = graph
        self._limits = limits
        self._key = _key_of(graph)
        # Without a value: a statement that is sent without a person is refused.
        self._person = bindparam(_PERSON, type_=self._key.type)
        self._trees: dict[tuple[tuple[Hop, ...], bool], CTE] = {}
        self._references = ReferenceClosure(graph, self.includes)

    def includes(self, node: Node, rows: FromClause) -> ColumnElement[bool]:
        """True for the rows that are in the archive."""
        if not node.is_included:
            return false()
        if node.table is self.graph.subject:
            return rows.c[self._key.key] == self._person
        if node.declaration.kind == "reference":
            return self._references.holds(node.table, rows)
        return self.reaches_any(node, rows)

    def reaches_any(self, node: Node, rows: FromClause, *, with_deleted: bool = False) -> ColumnElement[bool]:
        """True for the rows that some owner path leads from to the person."""
        reached = or_(false(), *(self.reaches(path.hops, rows, with_deleted=with_deleted) for path in node.paths))
        return reached if with_deleted else and_(reached, *self._stays(node.table, rows))

    def reaches(self, hops: tuple[Hop, ...], rows: FromClause, *, with_deleted: bool = False) -> ColumnElement[bool]:
        """True where this owner path leads from the row to the person; what is left out on the way breaks it."""
        key, rest = hops[0].key, hops[1:]
        own = [] if with_deleted else self._not_deleted_by(hops, rows)
        if hops[0].repeats:
            return and_(points_into(key, rows, self._find_tree(hops, with_deleted=with_deleted), true()), *own)
        if not rest and len(key.elements) == 1 and key.elements[0].column is self._key:
            return and_(rows.c[key.elements[0].parent.key] == self._person, *own)
        parent = key.referred_table.alias()
        return and_(points_into(key, rows, parent, self._leads(hops, parent, with_deleted=with_deleted)), *own)

    def _leads(self, hops: tuple[Hop, ...], rows: FromClause, *, with_deleted: bool) -> ColumnElement[bool]:
        """True for the rows at the end of the first hop that the others lead on from, and that are not left out."""
        rest = hops[1:]
        inside = self.reaches(rest, rows, with_deleted=with_deleted) if rest else self._is_person(rows)
        return inside if with_deleted else and_(inside, *self._stays(hops[0].key.referred_table, rows))

    def _find_tree(self, hops: tuple[Hop, ...], *, with_deleted: bool) -> CTE:
        """The rows that a repeated key may name: those that the rest of the path leads from, and all below them.

        By what the key names them with. UNION, and not UNION ALL: it ends where rows stand in a ring.
        """
        if (known := self._trees.get((hops, with_deleted))) is not None:
            return known
        key = hops[0].key
        top, below = key.referred_table.alias(), key.table.alias()
        named = [element.column.key for element in key.elements]
        start = select(*(top.c[name] for name in named)).where(self._leads(hops, top, with_deleted=with_deleted))
        tree = start.cte(recursive=True)
        here = (below.c[each.parent.key] == tree.c[each.column.key] for each in key.elements)
        stays = [] if with_deleted else [*self._stays(key.table, below), *self._not_deleted_by(hops, below)]
        step = select(*(below.c[name] for name in named)).select_from(below.join(tree, and_(*here))).where(*stays)
        return self._trees.setdefault((hops, with_deleted), tree.union(step))

    def points_to_included(self, key: ForeignKeyConstraint, rows: FromClause) -> ColumnElement[bool]:
        """True where the row that `key` points to is in the archive."""
        target = self.graph.node(key.referred_table)
        if not target.is_included:
            return false()
        parent = target.table.alias()
        return points_into(key, rows, parent, self.includes(target, parent))

    def may_leave_out(self, node: Node) -> bool:
        """Whether choices keep rows of this table out: their own, or those of what they come with."""
        if self._limits == UNLIMITED or not node.is_included or node.table is self.graph.subject:
            return False
        if node.declaration.kind == "reference":
            return True
        tables = [node.table, *(table for path in node.paths for table in path.tables)]
        return any(self._is_chosen(table, table) for table in tables)

    def _stays(self, table: Table, rows: FromClause) -> list[ColumnElement[bool]]:
        """What must be true of a row by itself: it was not deleted, and the person did not leave it out."""
        return [*_not_deleted(table, rows, {None}), *self._is_chosen(table, rows)]

    def _not_deleted_by(self, hops: tuple[Hop, ...], rows: FromClause) -> list[ColumnElement[bool]]:
        """What must be true of a row for the person that this owner path leads to, and for no other owner."""
        node = self.graph.node(hops[0].key.table)
        return _not_deleted(node.table, rows, {path.text for path in node.paths if path.hops == hops})

    def _is_chosen(self, table: Table, rows: FromClause) -> list[ColumnElement[bool]]:
        node = self.graph.node(table)
        if node.name in self._limits.without and node.declaration.kind == "owned":
            return [false()]
        column = find_date(self.graph, node)
        if column is None or not (self._limits.has_since or self._limits.has_until):
            return []
        day = rows.c[column.key]
        bounds = [day >= _bind_day("since", day)] if self._limits.has_since else []
        bounds += [day < _bind_day("until", day)] if self._limits.has_until else []
        return [or_(day.is_(None), and_(*bounds))]

    def _is_person(self, rows: FromClause) -> ColumnElement[bool]:
        return rows.c[self._key.key] == self._person


def bind_person(graph: Graph, person_id: str) -> dict[str, Any]:
    """What the statements are sent with. Raises ValueError when no row of the table could have this id."""
    try:
        python_type = _key_of(graph).type.python_type
    except NotImplementedError:  # a type of the database that SQLAlchemy does not know
        python_type = str
    return {_PERSON: python_type(person_id)}


_KINDS: dict[str, types.TypeEngine[Any]] = {
    "day": types.Date(),
    "moment": types.DateTime(timezone=True),
    "moment_in_utc": types.DateTime(),
}
"""What a column that dates rows may hold; moments without a zone are in UTC, as reports show them."""


def _bind_day(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    kind, form = stored_type(column), "day"
    if isinstance(kind, types.DateTime):
        form = "moment" if kind.timezone else "moment_in_utc"
    return bindparam(f"{name}_{form}", type_=_KINDS[form])


def bind_choices(choices: Choices, time_zone: str) -> dict[str, Any]:
    """What statements with dates are sent with: the first day, and the day behind the last."""
    behind = choices.until + timedelta(days=1) if choices.until and choices.until < date.max else None
    days = {"since": choices.since, "until": behind}
    given: dict[str, Any] = {}
    for name, day in days.items():
        if day is not None:
            moment = _begin(day, find_zone(time_zone))
            in_utc = moment.replace(tzinfo=None)
            given |= {f"{name}_day": day, f"{name}_moment": moment, f"{name}_moment_in_utc": in_utc}
    return given


def _begin(day: date, zone: tzinfo) -> datetime:
    """When the day begins there."""
    midnight = datetime.combine(day, time.min, zone)
    try:
        return midnight.astimezone(UTC)
    except OverflowError:  # the first day of the first year, or the last of the last
        return midnight.replace(tzinfo=UTC)


def _key_of(graph: Graph) -> Column[Any]:
    return next(iter(graph.subject.primary_key.columns))


def points_into(
    key: ForeignKeyConstraint, rows: FromClause, parent: FromClause, inside: ColumnElement[bool]
) -> ColumnElement[bool]:
    """True where `key` leads from a row of `rows` to a row of `parent` that is `inside`."""
    if len(key.elements) == 1:
        element = key.elements[0]
        return rows.c[element.parent.key].in_(select(parent.c[element.column.key]).where(inside))
    same = (rows.c[element.parent.key] == parent.c[element.column.key] for element in key.elements)
    return exists().where(*same, inside)


def _not_deleted(table: Table, rows: FromClause, by: Collection[str | None]) -> list[ColumnElement[bool]]:
    return [_is_unset(rows.c[column.key]) for column in marks_of(table, leave_out=True, by=by)]


def _is_unset(mark: ColumnElement[object]) -> ColumnElement[bool]:
    kind = stored_type(mark)
    if isinstance(kind, types.Boolean):
        return mark.is_not(true())
    if isinstance(kind, Integer | Numeric):
        return or_(mark.is_(None), mark == 0)
    return mark.is_(None)
