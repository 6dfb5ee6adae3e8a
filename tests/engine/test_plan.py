"""One plan serves everybody: statements are made and compiled once, and sent with the person whose rows are wanted."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError

from app.engine.census import count_amount
from app.engine.graph import build_graph
from app.engine.plan import PlannedTable, plan_tables
from app.engine.register import file, owned, reference, subject


def send(connection: sa.Connection, planned: PlannedTable) -> tuple[object, list[Any]]:
    """What was compiled, and the rows."""
    result = connection.execute(planned.select, planned.given)
    return result.context.compiled, list(result.all())


def test_statements_are_compiled_once_and_each_person_gets_their_rows(engine: sa.Engine, schema: sa.MetaData) -> None:
    graph = build_graph(schema)
    with engine.connect() as connection:
        ann, bob = ([send(connection, table) for table in plan_tables(graph, person)] for person in ("1", "2"))
    assert all(first[0] is second[0] for first, second in zip(ann, bob, strict=True))
    assert (ann[0][1][0][0], bob[0][1][0][0]) == (1, 2)


@pytest.mark.parametrize(("title", "kind"), [("name", "text"), (None, "longtext")], ids=["named", "control"])
def test_the_name_of_a_file_is_no_running_text(title: str | None, kind: str) -> None:
    """Reports call its row by it, and not by whatever short text comes next."""
    metadata = sa.MetaData()
    sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), info=subject())
    sa.Table(
        "photo",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.ForeignKey("person.id")),
        sa.Column("name", sa.String(255)),
        sa.Column("media_type", sa.String(100)),
        sa.Column("stored", sa.String(80), info=file("photos", title=title)),
        info=owned("person_id"),
    )
    shape = plan_tables(build_graph(metadata), "1")[1].shape
    assert shape.fields[shape.find("name")].kind == kind


def test_a_statement_without_a_person_is_refused(engine: sa.Engine, schema: sa.MetaData) -> None:
    planned = plan_tables(build_graph(schema), "1")[0]
    with engine.connect() as connection:
        assert len(send(connection, planned)[1]) == 1
        for statement in (planned.select, planned.count):
            with pytest.raises(StatementError, match="'person'"):
                connection.execute(statement)


def test_an_id_that_nobody_can_have_is_refused(schema: sa.MetaData) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        plan_tables(build_graph(schema), "everybody")


LONG = "customer_relationship_management_classification_of_products_"


@pytest.mark.parametrize("names", [("shop.tag", "blog.tag"), (f"shop.{LONG}a", f"shop.{LONG}b")])
def test_reference_tables_may_be_called_alike(names: tuple[str, str]) -> None:
    """One statement counts them all."""
    metadata = sa.MetaData()
    sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), info=subject())
    for name in names:
        schema, _, table = name.partition(".")
        number = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table(table, metadata, number, schema=schema, info=reference())
    keys: list[sa.Column[Any]] = [
        sa.Column(f"key_{position}", sa.ForeignKey(f"{name}.id")) for position, name in enumerate(names)
    ]
    keys += [sa.Column("id", sa.Integer, primary_key=True), sa.Column("owner_id", sa.ForeignKey("person.id"))]
    sa.Table("note", metadata, *keys, info=owned("owner_id"))
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for schema in ("shop", "blog"):
            connection.execute(sa.text(f"ATTACH ':memory:' AS {schema}"))
        metadata.create_all(connection)
        for name, row in {"person": {"id": 1}, names[0]: {"id": 5}, names[1]: {"id": 6}}.items():
            connection.execute(metadata.tables[name].insert(), row)
        connection.execute(metadata.tables["note"].insert(), {"owner_id": 1, "key_0": 5, "key_1": None})
        assert count_amount(connection, build_graph(metadata), "1").rows == 3
