"""Random schemas with random rows: rings, self-references, inherited and shared keys, dead ends, dangling pointers.

A world is plain Python, so that the slow answer of `brute_force` can be found without SQLAlchemy; `to_metadata` and
`fill` turn it into what the engine reads.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from app.engine.choices import Choices
from app.engine.graph import RegisterError, build_graph
from app.engine.register import deletion_mark, excluded, internal, owned, reference, subject, third_party

Row = dict[str, Any]
DAYS = [date(2020, 1, day) for day in (1, 2, 3, 4)]


@dataclass
class Key:
    """A foreign key."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    repeats: bool = False
    """In a path: it is followed once or more often."""


@dataclass
class Sheet:
    """A table."""

    name: str
    kind: str
    primary: tuple[str, ...] = ("id",)
    keys: list[Key] = field(default_factory=list)
    paths: list[list[Key]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    """Columns declared `third_party`."""
    leaves_out_deleted: bool = False
    deleted_by: list[Key] | None = None
    """The path to whoever marks rows as deleted; None: they are gone for every owner."""
    rows: list[Row] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        found = [*self.primary, *(column for key in self.keys for column in key.columns)]
        return list(dict.fromkeys(found))


@dataclass
class World:
    sheets: dict[str, Sheet]
    ids: list[Any]
    """Of the people."""


def make_world(random: Random) -> World:
    names = [f"t{number}" for number in range(random.randint(1, 6))]
    sheets = {"person": Sheet("person", "subject")}
    for name in names:
        sheets[name] = Sheet(name, random.choice(["owned", "owned", "owned", "reference", "reference", "excluded"]))
        _choose_primary(random, sheets[name], [each for each in sheets.values() if len(each.primary) == 1])
    for sheet in sheets.values():
        _choose_keys(random, sheet, list(sheets.values()))
    for sheet in sheets.values():
        _choose_paths(random, sheet, sheets)
        _choose_columns(random, sheet)
    ids: list[Any] = random.choice([[1, 2, 3], ["p1", "p2", "p3"]])
    world = World(sheets, ids)
    for sheet in sheets.values():
        _make_rows(random, sheet, world)
    for sheet in sheets.values():
        _point(random, sheet, world)
    for row in (row for sheet in sheets.values() for row in sheet.rows):
        row["date"] = random.choice([None, *DAYS])
    return world


def choose(random: Random, world: World) -> Choices:
    """What the person of a world may leave out: some tables that nothing else brings along, and some days."""
    categories = [sheet.name for sheet in world.sheets.values() if is_category(world, sheet)]
    without = random.sample(categories, random.randint(0, len(categories) // 2))
    since, until = random.choice([(None, None), (DAYS[1], None), (None, DAYS[2]), (DAYS[1], DAYS[2])])
    return Choices(without=frozenset(without), since=since, until=until)


def is_category(world: World, sheet: Sheet) -> bool:
    """Whether its rows reach the person by themselves, by several ways, or round about by rows of their own table."""
    seen: list[str] = []
    here = _brought_by(sheet)
    while here is not None and here not in seen:
        if here == sheet.name:
            return True
        seen.append(here)
        here = _brought_by(world.sheets[here])
    return sheet.kind == "owned" and not seen


def _brought_by(sheet: Sheet) -> str | None:
    """The only table that brings its rows along."""
    ways = {path[0].target for path in sheet.paths}
    return ways.pop() if len(ways) == 1 and all(len(path) > 1 for path in sheet.paths) else None


def _choose_primary(random: Random, sheet: Sheet, parents: list[Sheet]) -> None:
    way = random.choice(["own", "own", "double", "inherited", "join"])
    parents = [parent for parent in parents if parent is not sheet]
    if way == "double":
        sheet.primary = ("a", "b")
        if random.random() < 0.5:
            sheet.keys.append(Key(("a", "up"), sheet.name, ("a", "b")))
    elif way == "inherited":
        parent = random.choice(parents)
        sheet.keys.append(Key(("id",), parent.name, parent.primary))
    elif way == "join":
        sheet.primary = ("left", "right")
        for column in sheet.primary:
            parent = random.choice(parents)
            sheet.keys.append(Key((column,), parent.name, parent.primary))


def _choose_keys(random: Random, sheet: Sheet, sheets: list[Sheet]) -> None:
    for number in range(random.randint(0, 3)):
        target = random.choice([*sheets, *(each for each in sheets if each.kind == "reference")])
        pointed = ("code",) if random.random() < 0.2 else target.primary
        columns = tuple(f"f{number}{letter}" for letter in "xy"[: len(pointed)])
        sheet.keys.append(Key(columns, target.name, pointed))


def _choose_paths(random: Random, sheet: Sheet, sheets: dict[str, Sheet]) -> None:
    walks: list[list[Key]] = []
    for _ in range(60 if sheet.kind == "owned" else 0):
        walk = _walk(random, sheet, sheets)
        if walk and walk not in walks:
            walks.append(walk)
    sheet.paths = walks[: random.randint(1, 3)]
    if sheet.kind == "owned" and not sheet.paths:
        sheet.kind = "reference"


def _walk(random: Random, sheet: Sheet, sheets: dict[str, Sheet]) -> list[Key] | None:
    walk: list[Key] = []
    here = sheet
    for _ in range(random.randint(1, 4)):
        # A column of two foreign keys names neither; such a step is a finding, tested elsewhere.
        usable = [key for key in here.keys if _step(here, key)]
        if not usable:
            return None
        key = random.choice(usable)
        walk.append(replace(key, repeats=key.target == here.name and random.random() < 0.7))
        here = sheets[walk[-1].target]
        if here.kind == "excluded":
            return None
    return walk if here.kind == "subject" else None


def _step(sheet: Sheet, key: Key) -> str | None:
    own = [column for column in key.columns if sum(column in each.columns for each in sheet.keys) == 1]
    return own[0] if own else None


def _choose_columns(random: Random, sheet: Sheet) -> None:
    sheet.leaves_out_deleted = sheet.kind == "owned" and random.random() < 0.3
    sheet.deleted_by = random.choice([None, *sheet.paths])
    for key in sheet.keys:
        choice = random.random()
        free = [column for column in key.columns if column not in sheet.primary]
        if choice < 0.15 and free:
            sheet.hidden.add(random.choice(free))
        elif choice < 0.4:
            sheet.others.add(random.choice(key.columns))
    sheet.others -= sheet.hidden


def _make_rows(random: Random, sheet: Sheet, world: World) -> None:
    """With primary keys and nothing else yet."""
    pool: list[list[Any]] = [
        _pool(random, sheet, column, world) if sheet.kind != "subject" else world.ids for column in sheet.primary
    ]
    named = {tuple(random.choice(values) for values in pool) for _ in range(random.randint(0, 7)) if all(pool)}
    if sheet.kind == "subject":
        named = {(each,) for each in world.ids}
    order = sorted(named)
    random.shuffle(order)
    serials = list(range(100, 100 + len(order)))
    random.shuffle(serials)
    for number, (name, serial) in enumerate(zip(order, serials, strict=True)):
        row = {**dict(zip(sheet.primary, name, strict=True)), "serial": serial, "code": number + 50}
        sheet.rows.append({**row, "gone": random.choice([None, False, False, True])})


def _pool(random: Random, sheet: Sheet, column: str, world: World) -> list[Any]:
    targets = [key for key in sheet.keys if key.columns == (column,)]
    if not targets:
        return [1, 2, 3, 4, 5, 6]
    return [row[targets[0].target_columns[0]] for row in world.sheets[targets[0].target].rows]


def _point(random: Random, sheet: Sheet, world: World) -> None:
    for row in sheet.rows:
        for key in sheet.keys:
            rows = world.sheets[key.target].rows
            found = random.choice(rows) if rows and random.random() < 0.8 else {}
            for column, pointed in zip(key.columns, key.target_columns, strict=True):
                if column not in row:
                    row[column] = found.get(pointed) if random.random() < 0.95 else None
            if found and len(key.columns) == 1 and random.random() < 0.05 and key.columns[0] not in sheet.primary:
                row[key.columns[0]] = type(row[key.columns[0]] or 0)(999)  # it dangles


def to_metadata(world: World) -> sa.MetaData:
    """Adds `third_party` and keys wherever the engine asks for them, as its findings say, until it asks no more."""
    while True:
        metadata = _declare(world)
        try:
            build_graph(metadata)
        except RegisterError as error:
            for finding in error.findings:
                if finding.problem.startswith("a reference that no key"):
                    _add_key(world.sheets["person"], finding.where)
                    continue
                assert finding.problem.startswith(("may point to a row", "shows what", "may name")), finding
                table, column = finding.where.split(".")
                assert column not in world.sheets[table].others
                world.sheets[table].others.add(column)
        else:
            return metadata


def _add_key(sheet: Sheet, target: str) -> None:
    """One that is null in every row."""
    sheet.keys.append(Key((f"to_{target}",), target, ("code",)))
    for row in sheet.rows:
        row[f"to_{target}"] = None


def _declare(world: World) -> sa.MetaData:
    metadata = sa.MetaData()
    for sheet in world.sheets.values():
        sa.Table(
            sheet.name,
            metadata,
            *(_column(sheet, column, world) for column in sheet.columns),
            sa.Column("serial", sa.Integer),
            sa.Column("date", sa.Date),
            sa.Column("code", sa.Integer, unique=True),
            sa.Column("gone", sa.Boolean, info=_mark(sheet, world)),
            *(_constraint(key) for key in sheet.keys),
            info=_declaration(sheet, world),
        )
    return metadata


def _mark(sheet: Sheet, world: World) -> dict[Any, Any]:
    by = path_text(sheet, sheet.deleted_by, world) if sheet.deleted_by else None
    return deletion_mark(leave_out=sheet.leaves_out_deleted, by=by)


def _constraint(key: Key) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(key.columns, [f"{key.target}.{column}" for column in key.target_columns])


def _column(sheet: Sheet, column: str, world: World) -> sa.Column[Any]:
    info = internal("x") if column in sheet.hidden else third_party() if column in sheet.others else {}
    kind = sa.String(9) if _is_text(sheet, column, world) else sa.Integer()
    return sa.Column(column, kind, primary_key=column in sheet.primary, autoincrement=False, info=info)


def _is_text(sheet: Sheet, column: str, world: World, seen: tuple[tuple[str, str], ...] = ()) -> bool:
    """Whether it holds a person's id, perhaps through inherited keys."""
    if sheet.kind == "subject" and column == "id":
        return isinstance(world.ids[0], str)
    ways = [
        (key.target, there)
        for key in sheet.keys
        for here, there in zip(key.columns, key.target_columns, strict=True)
        if here == column
    ]
    return any(
        _is_text(world.sheets[name], there, world, (*seen, (sheet.name, column)))
        for name, there in ways
        if (name, there) not in seen
    )


def _declaration(sheet: Sheet, world: World) -> dict[Any, Any]:
    if sheet.kind == "owned":
        return owned(*(path_text(sheet, path, world) for path in sheet.paths))
    return {"subject": subject(), "reference": reference(), "excluded": excluded("x")}[sheet.kind]


def path_text(sheet: Sheet, path: list[Key], world: World) -> str:
    starts = [sheet.name, *(key.target for key in path)]
    return ".".join(
        f"{_step(world.sheets[start], key)}{'+' * key.repeats}" for start, key in zip(starts, path, strict=False)
    )


def fill(connection: sa.Connection, metadata: sa.MetaData, world: World) -> None:
    """The database enforces no foreign key, so that rings need no order and pointers may dangle on PostgreSQL too."""
    for table in metadata.tables.values():
        connection.execute(CreateTable(table, include_foreign_key_constraints=[]))
    for sheet in world.sheets.values():
        if sheet.rows:
            connection.execute(metadata.tables[sheet.name].insert(), sheet.rows)
