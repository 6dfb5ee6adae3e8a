"""`flask db upgrade` makes exactly what the models say, up and down, on both databases."""

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from app.engine.register import excluded
from app.extensions import db, is_in_database
from tests.programs import ROOT


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


def test_its_commands_are_there(app: Flask) -> None:
    """They are loaded when they are asked for, and pass their options and errors on."""
    run = app.test_cli_runner().invoke
    assert "upgrade" in run(args=["db"]).output
    assert "--sql" in run(args=["db", "upgrade", "--help"]).output
    refused = run(args=["db", "upgrade", "--no-such-option"])
    assert (refused.exit_code, "No such option" in refused.output) == (2, True)


def test_models_equal_migrations(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_in_database})
        assert compare_metadata(context, db.metadata) == []


def test_a_forgotten_migration_is_seen(app: Flask) -> None:
    forgotten = sa.MetaData(naming_convention=db.metadata.naming_convention)
    for table in db.metadata.tables.values():
        table.to_metadata(forgotten)
    sa.Table("forgotten", forgotten, sa.Column("id", sa.Integer, primary_key=True))
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_in_database})
        assert len(compare_metadata(context, forgotten)) == 1


def test_a_table_of_others_is_left_alone(app: Flask) -> None:
    """A Table without columns says what becomes of it in archives, and not how it looks."""
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql("CREATE TABLE letters (id integer)")
        context = MigrationContext.configure(connection, opts={"include_object": is_in_database})
        assert len(compare_metadata(context, db.metadata)) == 1
        named = sa.Table("letters", db.metadata, info=excluded("x"))
        try:
            assert compare_metadata(context, db.metadata) == []
        finally:
            db.metadata.remove(named)


def test_down_leaves_nothing(app: Flask) -> None:
    command = ["db", "-d", str(ROOT / "migrations"), "downgrade", "base"]
    assert app.test_cli_runner().invoke(args=command).exit_code == 0
    assert sa.inspect(db.engine).get_table_names() == ["alembic_version"]
