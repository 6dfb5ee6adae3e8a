"""On random schemas with random rows: exactly the right rows, no pointer out of the archive, counts that agree.

The mutants at the end show that each rule is needed, and that the property would notice its loss. Both databases are
asked: SQLite with more examples, as a schema of its own costs PostgreSQL more time.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.engine import closure, pointers, selection
from app.engine.graph import build_graph
from app.engine.plan import PlannedTable, plan_tables
from app.engine.rows import Pseudonyms, read_rows
from app.engine.schema import marks_of
from tests.engine.brute_force import find_rows, find_target, reaches
from tests.engine.worlds import Row, Sheet, World, fill, make_world, path_text, to_metadata

SEEDS = st.integers(0, 2**32)
# A smaller seed makes no simpler world, so there is nothing to shrink.
MANY = settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)

FEWER = settings(MANY, max_examples=30)

Archive = dict[str, list[Row]]


@pytest.fixture(scope="module")
def sqlite() -> Iterator[sa.Engine]:
    yield from use_engine("sqlite://", poolclass=sa.NullPool)


@pytest.fixture(scope="module")
def postgresql(postgres: str) -> Iterator[sa.Engine]:
    empty = sa.make_url(postgres).set(drivername="postgresql+psycopg", database="postgres")
    yield from use_engine(empty)


def use_engine(url: sa.URL | str, **options: Any) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url, **options)
    yield engine
    engine.dispose()


@MANY
@given(seed=SEEDS)
def test_exactly_the_right_rows_of_any_schema(sqlite: sa.Engine, seed: int) -> None:
    check(sqlite, make_world(Random(seed)))


@FEWER
@given(seed=SEEDS)
def test_exactly_the_right_rows_on_postgresql(postgresql: sa.Engine, seed: int) -> None:
    check(postgresql, make_world(Random(seed)))


def check(engine: sa.Engine, world: World) -> None:
    """The world's tables are never committed: they are gone with the connection."""
    metadata = to_metadata(world)
    with engine.connect() as connection:
        fill(connection, metadata, world)
        graph = build_graph(metadata)
        person = world.ids[0]
        planned = plan_tables(graph, str(person))
        pseudonyms = Pseudonyms()
        archive = {table.shape.name: read(connection, table, pseudonyms) for table in planned}
        check_rows(world, archive, person)
        check_counts(connection, world, archive, planned, person)
        check_pointers(world, archive, person)
        check_strangers(archive, set(world.ids) - {person})


def read(connection: sa.Connection, planned: PlannedTable, pseudonyms: Pseudonyms) -> list[Row]:
    names = [each.name for each in planned.shape.fields]
    batches = read_rows(connection, planned, pseudonyms)
    return [dict(zip(names, row, strict=True)) for batch in batches for row in batch]


def check_rows(world: World, archive: Archive, person: Any) -> None:
    expected = find_rows(world, person)
    assert archive.keys() == {name for name, sheet in world.sheets.items() if sheet.kind != "excluded"}
    for name, rows in archive.items():
        sheet = world.sheets[name]
        assert [row["serial"] for row in rows] == [row["serial"] for row in expected[name]], name
        for row, source in zip(rows, expected[name], strict=True):
            assert not row.keys() & sheet.hidden
            if len(sheet.paths) > 1:
                held = [path for path in sheet.paths if reaches(world, sheet, source, path, person)]
                roles = [path_text(sheet, path, world).replace(".", " ").replace("+", "") for path in held]
                assert row["roles"] == ", ".join(dict.fromkeys(roles))


def check_counts(
    connection: sa.Connection, world: World, archive: Archive, planned: tuple[PlannedTable, ...], person: Any
) -> None:
    with_deleted = find_rows(world, person, with_deleted=True)
    for table in planned:
        name = table.shape.name
        assert connection.execute(table.count, table.given).scalar_one() == len(archive[name])
        if table.count_with_deleted is not None:
            assert connection.execute(table.count_with_deleted, table.given).scalar_one() == len(with_deleted[name])
        elif world.sheets[name].kind == "owned":
            assert len(with_deleted[name]) == len(archive[name])


def check_pointers(world: World, archive: Archive, person: Any) -> None:
    expected = find_rows(world, person)
    names: dict[Any, str] = {}
    for name, rows in archive.items():
        sheet = world.sheets[name]
        for row, source in zip(rows, expected[name], strict=True):
            for column in sheet.columns:
                if column not in sheet.others:
                    assert column in sheet.hidden or row[column] == source[column]
            check_keys(world, archive, sheet, row)
            for key in sheet.keys:
                target = find_target(world, key, source)
                if target is not None and {*key.columns} & sheet.others:
                    check_other(world, expected, sheet, row, source, key.target, target, key.columns, names)
    assert len(set(names.values())) == len(names)


def check_strangers(archive: Archive, strangers: set[Any]) -> None:
    """Where people are named by words, nobody else's name is anywhere."""
    words = {each for each in strangers if isinstance(each, str)}
    assert not any(words & set(row.values()) for rows in archive.values() for row in rows)


def check_keys(world: World, archive: Archive, sheet: Sheet, row: Row) -> None:
    """Each foreign key leads to a row of the archive, or is a pseudonym."""
    for key in sheet.keys:
        values = [row.get(column) for column in key.columns]
        if None in values or any(is_pseudonym(value) for value in values):
            continue
        if world.sheets[key.target].kind == "excluded":
            pytest.fail(f"{sheet.name}.{key.columns} points to an excluded table")
        if any(values == [each[column] for column in key.target_columns] for each in world.sheets[key.target].rows):
            assert any(values == [each[column] for column in key.target_columns] for each in archive[key.target])


def check_other(
    world: World,
    expected: Archive,
    sheet: Sheet,
    row: Row,
    source: Row,
    target_name: str,
    target: Row,
    columns: tuple[str, ...],
    names: dict[Any, str],
) -> None:
    """A pseudonym for what is not in the archive, always the same; the value itself for what is."""
    there = world.sheets[target_name]
    is_held = any(target is each for each in expected[target_name])
    for column in {*columns} & sheet.others:
        keys = [key for key in sheet.keys if column in key.columns]
        if len(keys) > 1:
            continue
        pointed = dict(zip(keys[0].columns, keys[0].target_columns, strict=True))[column]
        if is_held and pointed not in there.others | there.hidden:
            assert row[column] == source[column]
        else:
            assert is_pseudonym(row[column])
            identity = (target_name, *(target[each] for each in there.primary))
            assert names.setdefault(identity, row[column]) == row[column]


def is_pseudonym(value: Any) -> bool:
    return isinstance(value, str) and " " in value


def drop_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    original = selection.Selection.reaches_any

    def reaches_any(self: Any, node: Any, rows: Any, **options: Any) -> Any:
        fewer = node.paths[:-1] if len(node.paths) > 1 else node.paths
        return original(self, type(node)(node.table, node.declaration, fewer), rows, **options)

    monkeypatch.setattr(selection.Selection, "reaches_any", reaches_any)


def demand_every_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "or_", lambda _false, *paths: sa.and_(*paths))


def take_half_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    original = selection.points_into

    def points_into(key: Any, rows: Any, parent: Any, inside: Any) -> Any:
        if len(key.elements) == 1:
            return original(key, rows, parent, inside)
        element = key.elements[0]
        return rows.c[element.parent.key].in_(sa.select(parent.c[element.column.key]).where(inside))

    monkeypatch.setattr(selection, "points_into", points_into)


def stop_at_the_first_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closure, "_step", lambda kept, _edges, _slots: sa.select(*kept.c))


def follow_what_is_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closure, "is_followed", lambda _key: True)


def forget_that_rows_were_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "_not_deleted", lambda _table, _rows, _by: [])


def follow_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_tree(self: Any, hops: Any, *, with_deleted: bool) -> Any:
        parent = hops[0].key.referred_table.alias()
        return sa.select(parent).where(self._leads(hops, parent, with_deleted=with_deleted)).cte()

    monkeypatch.setattr(selection.Selection, "_find_tree", find_tree)


def forget_who_deleted_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_deleted(table: Any, rows: Any, by: Any) -> list[Any]:
        marks = marks_of(table, leave_out=True) if None in by else []
        return [selection._is_unset(rows.c[mark.key]) for mark in marks]

    monkeypatch.setattr(selection, "_not_deleted", not_deleted)


def show_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pointers, "_is_yours", lambda _column, _selection: sa.true())


def hide_what_is_yours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pointers, "_is_yours", lambda _column, _selection: sa.false())


def name_by_the_value_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pointers, "_identify", lambda key: [key.elements[0].parent])


@pytest.mark.parametrize(
    "plant",
    [
        drop_a_path,
        demand_every_path,
        take_half_a_key,
        stop_at_the_first_reference,
        follow_what_is_kept_back,
        forget_that_rows_were_deleted,
        forget_who_deleted_them,
        follow_once,
        show_whose_it_is,
        hide_what_is_yours,
        name_by_the_value_alone,
    ],
)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_planted_fault_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    engine: sa.Engine = request.getfixturevalue(database)

    @settings(MANY, max_examples=300, derandomize=True, database=None)
    @given(SEEDS)
    def property_of_the_mutant(seed: int) -> None:
        check(engine, make_world(Random(seed)))

    plant(monkeypatch)
    with pytest.raises(AssertionError):
        property_of_the_mutant()
