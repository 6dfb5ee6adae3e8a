"""`flask archives check` finds what a migration forgot, and `plan` tells what an archive would hold."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import DeclarativeBase

from app import sources
from app.archives import ledger, making, service
from app.engine.graph import RegisterError
from app.engine.register import excluded, owned, secret
from app.extensions import db
from app.models import User


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


@pytest.fixture
def run(app: Flask) -> Callable[..., Any]:
    return lambda *words: app.test_cli_runner().invoke(args=["archives", *words])


def test_our_own_models_pass(run: Callable[..., Any]) -> None:
    done = run("check")
    assert done.exit_code == 0, done.output
    for table in db.metadata.tables:
        assert f"\n{table} " in f"\n{done.output}"


Plant = Callable[..., sa.Table]


@pytest.fixture
def plant(app: Flask) -> Iterator[Plant]:
    """Adds a table to our models, as a colleague's migration would."""

    def add(*columns: sa.Column[Any], info: dict[Any, Any] | None = None) -> sa.Table:
        return sa.Table("planted", db.metadata, sa.Column("id", sa.Integer, primary_key=True), *columns, info=info)

    yield add
    db.metadata.remove(db.metadata.tables["planted"])


@pytest.mark.parametrize(
    ("columns", "info", "finding"),
    [
        ([], None, "planted: this table is not classified"),
        (
            [("user_id", "user.id"), ("api_token", None)],
            owned("user_id"),
            "planted.api_token: this looks like a secret",
        ),
        ([("tag_id", "tag.id")], owned("tag_id"), "ends at tag, not at user"),
    ],
)
def test_a_planted_fault_is_found(
    run: Callable[..., Any], plant: Plant, columns: list[tuple[str, str | None]], info: dict[Any, Any], finding: str
) -> None:
    plant(*(sa.Column(name, *([sa.ForeignKey(to)] if to else [sa.Text])) for name, to in columns), info=info)
    done = run("check")
    assert done.exit_code == 1
    assert finding in done.output
    assert "no archive is made until then" in done.output


def test_a_declared_table_passes(run: Callable[..., Any], plant: Plant) -> None:
    plant(
        sa.Column("user_id", sa.ForeignKey("user.id")),
        sa.Column("api_token", sa.Text, info=secret()),
        info=owned("user_id", title="Planted"),
    )
    assert run("check").exit_code == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("CREATE TABLE forgotten (id integer)", "forgotten: this table"),
        ("ALTER TABLE entry ADD COLUMN mood text", "entry.mood: this column"),
    ],
    ids=["table", "column"],
)
def test_what_no_model_knows_is_found(run: Callable[..., Any], change: str, told: str) -> None:
    alter(change)
    done = run("check")
    assert done.exit_code == 1
    assert f"{told} is in the database, but no model knows it" in done.output
    assert "archives are made without it" in done.output


def test_what_is_passed_over_is_told(run: Callable[..., Any]) -> None:
    alter("CREATE VIEW moods AS SELECT id AS mood FROM entry")
    done = run("check")
    assert done.exit_code == 0, done.output
    assert re.search(r"^moods +- +a view, which shows what tables hold$", done.output, re.MULTILINE)


@pytest.fixture
def other_database(settings: dict[str, Any], tmp_path: Path) -> Iterator[str]:
    """The URL of a second one, of which models say `__bind_key__ = "other"`."""
    settings["SQLALCHEMY_BINDS"] = {"other": f"sqlite:///{tmp_path / 'other.sqlite'}"}
    yield settings["SQLALCHEMY_BINDS"]["other"]
    del db.metadatas["other"]


def test_models_of_another_database_are_not_forgotten(other_database: str, run: Callable[..., Any]) -> None:
    assert run("check").exit_code == 0
    letter = sa.Table("letter", db.metadatas["other"], sa.Column("id", sa.Integer, primary_key=True))
    done = run("check")
    assert done.exit_code == 1
    assert "other:letter: this table is in another database than the people" in done.output
    assert "no archive is made until then" in done.output
    with pytest.raises(RegisterError, match="other:letter"):
        sources.graph.__wrapped__()
    letter.info.update(excluded("Ask the post office."))
    done = run("check")
    assert done.exit_code == 0, done.output
    assert "Ask the post office." in done.output


def test_another_database_is_looked_at(other_database: str, run: Callable[..., Any]) -> None:
    sa.Table("letter", db.metadatas["other"], info=excluded("x"))
    engine = sa.create_engine(other_database)
    with engine.begin() as connection:
        for name in ("letter", "forgotten"):
            connection.exec_driver_sql(f"CREATE TABLE {name} (id integer)")
    engine.dispose()
    done = run("check")
    assert done.exit_code == 1
    assert "other:forgotten: this table is in the database, but no model knows it" in done.output
    assert "other:letter:" not in done.output


def make_model(metadata_: sa.MetaData) -> type[DeclarativeBase]:
    class Second(DeclarativeBase):
        metadata = metadata_

    class Letter(Second):
        __table__ = sa.Table("letter", metadata_, sa.Column("id", sa.Integer, primary_key=True))

    return Letter  # whoever lets go of it has no model any more


def test_models_of_a_second_base_are_not_forgotten(run: Callable[..., Any]) -> None:
    letter = make_model(sa.MetaData())
    try:
        done = run("check")
        with pytest.raises(RegisterError, match="give its Base metadata"):
            sources.graph.__wrapped__()
    finally:
        letter.registry.dispose()
    assert done.exit_code == 1
    assert "letter: the model tests.test_register_commands.make_model.<locals>.Letter stands in a Meta" in done.output
    assert "no archive is made until then" in done.output


def test_a_second_base_may_share_the_metadata(run: Callable[..., Any]) -> None:
    letter = make_model(db.metadata)
    try:
        assert "letter: this table is not classified" in run("check").output
        db.metadata.tables["letter"].info.update(excluded("x"))
        assert run("check").exit_code == 0
    finally:
        letter.registry.dispose()
        db.metadata.remove(db.metadata.tables["letter"])


def alter(statement: str) -> None:
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql(statement)
        connection.commit()


def test_no_archive_is_made_while_something_is_open(
    app: Flask, make_person: Callable[..., User], plant: Plant
) -> None:
    ann = make_person("Ann")
    plant()
    sources.graph.cache_clear()
    try:
        ledger.insert(ann.id)
        making.generate(ann.id)
        (archive,) = service.list_archives(ann.id)
        assert (archive.state.value, archive.error) == ("queued", "fault")
    finally:
        sources.graph.cache_clear()


def test_the_plan_counts_a_persons_rows(run: Callable[..., Any], make_person: Callable[..., User]) -> None:
    ann = make_person("Ann")
    ledger.insert(ann.id)
    done = run("plan", "--user", "ann@example.org")
    assert done.exit_code == 0, done.output
    for line in (
        "user: 1 row",
        "archive: 1 row",
        "entry: 0 rows",
        "  without password_hash: A secret",
        "  owned author_id",
    ):
        assert line in done.output
    assert "SELECT" not in done.output
    assert "SELECT" in run("plan", "--sql").output
