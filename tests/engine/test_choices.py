"""An archive of less than everything is the archive of everything without what was left out: no row more, none less.

What that is, is found in plain Python, on random schemas with random rows and random choices. The planted faults show
that each rule is needed and that the property would notice its loss.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings

from app.engine import selection
from app.engine.census import count_amount, count_categories
from app.engine.choices import EVERYTHING, Choices, from_document, to_document
from app.engine.graph import Graph, build_graph
from app.engine.plan import plan_tables
from app.engine.rows import Pseudonyms
from app.engine.selection import Selection
from tests.engine.brute_force import find_rows, leave_out
from tests.engine.test_worlds import (
    FEWER,
    MANY,
    SEEDS,
    check_pointers,
    check_rows,
    check_strangers,
    postgresql,
    read,
    sqlite,
)
from tests.engine.worlds import World, choose, fill, is_category, make_world, to_metadata

__all__ = ["postgresql", "sqlite"]


@settings(MANY, max_examples=40)
@given(seed=SEEDS)
def test_a_choice_leaves_out_exactly_that(sqlite: sa.Engine, seed: int) -> None:
    check(sqlite, seed)


@settings(FEWER, max_examples=15)
@given(seed=SEEDS)
def test_and_on_postgresql(postgresql: sa.Engine, seed: int) -> None:
    check(postgresql, seed)


def check(engine: sa.Engine, seed: int) -> None:
    random = Random(seed)
    world = make_world(random)
    metadata, choices, person = to_metadata(world), choose(random, world), world.ids[0]
    narrowed = leave_out(world, choices)
    with engine.connect() as connection:
        fill(connection, metadata, world)
        graph = build_graph(metadata)
        plan = plan_tables(graph, str(person), choices)
        pseudonyms = Pseudonyms()
        archive = {table.shape.name: read(connection, table, pseudonyms) for table in plan}
        check_rows(narrowed, archive, person)
        check_pointers(narrowed, archive, person)
        check_strangers(archive, set(world.ids) - {person})
        whole = {name: len(rows) for name, rows in find_rows(world, person).items()}
        for table in plan:
            name = table.shape.name
            assert connection.execute(table.count, table.given).scalar_one() == len(archive[name])
            if table.count_all is None:
                assert len(archive[name]) == whole[name]
            else:
                assert connection.execute(table.count_all, table.given).scalar_one() == whole[name]
        counted = count_amount(connection, graph, str(person), choices)
        assert counted.rows == sum(map(len, archive.values()))
        check_categories(connection, graph, world)
        for each in count_categories(connection, graph, str(person)):
            if not (each.is_dated or each.bonds or each.node.name in choices.without):
                assert len(archive[each.node.name]) == each.rows  # whatever the days, all of it comes along


def check_categories(connection: sa.Connection, graph: Graph, world: World) -> None:
    found = find_rows(world, world.ids[0])
    categories = ["person", *(name for name, sheet in sorted(world.sheets.items()) if is_category(world, sheet))]
    expected = []
    for name in categories:
        days = [row["date"] for row in found[name] if row["date"] and name != "person"]
        expected.append((name, len(found[name]), min(days, default=None), max(days, default=None)))
    counted = count_categories(connection, graph, str(world.ids[0]))
    assert [(each.node.name, each.rows, each.earliest, each.latest) for each in counted] == expected
    whole = count_amount(connection, graph, str(world.ids[0]))
    assert sum(each.all_rows for each in counted) == whole.rows
    assert sum(each.file_bytes for each in counted) == whole.file_bytes


def forget_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Selection, "_is_chosen", lambda _self, _table, _rows: [])


def keep_what_belongs_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was left out on the way breaks no path."""
    original = Selection.reaches

    def reaches(self: Selection, *given: Any, **options: Any) -> Any:
        return original(Selection(self.graph), *given, **options)

    monkeypatch.setattr(Selection, "reaches", reaches)


def drop_what_has_no_date(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Selection._is_chosen

    def is_chosen(self: Selection, table: sa.Table, rows: sa.FromClause) -> list[Any]:
        found = original(self, table, rows)
        return [*found, rows.c["date"].is_not(None)] if found else []

    monkeypatch.setattr(Selection, "_is_chosen", is_chosen)


def date_what_belongs_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        selection, "find_date", lambda _graph, node: node.table.c.date if node.declaration.kind == "owned" else None
    )


def take_a_day_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    original = selection.bind_choices

    def bind_choices(choices: Choices, time_zone: str) -> dict[str, Any]:
        later = choices.until and choices.until + timedelta(days=1)
        return original(replace(choices, until=later), time_zone)

    monkeypatch.setattr("app.engine.plan.bind_choices", bind_choices)


@pytest.mark.parametrize(
    "plant",
    [
        forget_the_choices,
        keep_what_belongs_to_it,
        drop_what_has_no_date,
        date_what_belongs_to_another,
        take_a_day_too_many,
    ],
)
def test_a_planted_fault_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, sqlite: sa.Engine
) -> None:
    @settings(MANY, max_examples=300, derandomize=True, database=None)
    @given(SEEDS)
    def property_of_the_mutant(seed: int) -> None:
        check(sqlite, seed)

    plant(monkeypatch)
    with pytest.raises(AssertionError):
        property_of_the_mutant()


@pytest.mark.parametrize(
    "choices",
    [
        EVERYTHING,
        Choices(without=frozenset({"b", "a"}), since=date(2020, 1, 31), until=date(2021, 1, 1), files=False),
        Choices(formats=frozenset({"json"})),
        Choices(part_size=5),
    ],
    ids=["everything", "less", "formats", "parts"],
)
def test_what_is_kept_is_what_was_chosen(choices: Choices) -> None:
    document = to_document(choices)
    assert from_document(document, choices.part_size) == choices
    assert (document is None) == (choices.written == EVERYTHING.written and not choices.limits_rows and choices.files)


def test_json_is_written_in_any_case() -> None:
    assert Choices(formats=frozenset({"report"})).written == ("json", "report")
    assert EVERYTHING.written == ("json", "csv", "report")
