"""What stands in a database and in no model is found, and what nobody needs to declare is passed over."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.catalog import Comparison, compare
from app.engine.register import excluded, internal, subject

NOT_KNOWN = "is in the database, but no model knows it"


@pytest.fixture
def postgresql(postgres: str) -> Iterator[sa.Connection]:
    """An empty database; what a test makes is never committed."""
    url = sa.make_url(postgres).set(drivername="postgresql+psycopg", database="postgres")
    yield from connect(url)


def connect(url: sa.URL | str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    if request.param == "postgresql":
        yield request.getfixturevalue("postgresql")
    else:
        yield from connect("sqlite://")


@pytest.fixture
def billing(connection: sa.Connection) -> None:
    """Another schema, on SQLite another file."""
    on_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("ATTACH ':memory:' AS billing" if on_sqlite else "CREATE SCHEMA billing")


def people(*columns: sa.Column[Any], schema: str | None = None, info: dict[Any, Any] | None = None) -> sa.MetaData:
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("person", metadata, key, *columns, schema=schema, info=info or subject())
    return metadata


def find(connection: sa.Connection, metadata: sa.MetaData) -> list[str]:
    return [f"{finding.where}: {finding.problem}" for finding in compare(connection, metadata).findings]


def test_what_the_models_know_needs_no_word(connection: sa.Connection) -> None:
    metadata = people()
    metadata.create_all(connection)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32))")
    assert compare(connection, metadata) == Comparison()


def test_a_column_that_no_model_has_is_found(connection: sa.Connection) -> None:
    people(sa.Column("nickname", sa.Text)).create_all(connection)
    assert find(connection, people()) == [f"person.nickname: this column {NOT_KNOWN}"]
    (finding,) = compare(connection, people()).findings
    assert 'internal("why it stays here")' in finding.fix
    assert find(connection, people(sa.Column("nickname", sa.Text, info=internal("x")))) == []


def test_a_column_is_known_by_its_name_in_the_database(connection: sa.Connection) -> None:
    people(sa.Column("nickname", sa.Text)).create_all(connection)
    assert find(connection, people(sa.Column("nickname", sa.Text, key="nick"))) == []
    assert find(connection, people(sa.Column("nick", sa.Text, key="nickname"))) != []


def test_the_reason_of_an_excluded_table_is_that_of_its_columns(connection: sa.Connection) -> None:
    people(sa.Column("nickname", sa.Text)).create_all(connection)
    assert find(connection, people(info=excluded("x"))) == []


def test_a_table_that_no_model_knows_is_found(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE letters (id integer)")
    metadata = sa.MetaData()
    assert find(connection, metadata) == [f"letters: this table {NOT_KNOWN}"]
    sa.Table("letters", metadata, info=excluded("x"))
    assert find(connection, metadata) == []


@pytest.mark.usefixtures("billing")
def test_other_schemas_are_looked_at(connection: sa.Connection) -> None:
    metadata = people()
    metadata.create_all(connection)
    for name in ("invoice", "person"):
        connection.exec_driver_sql(f"CREATE TABLE billing.{name} (id integer)")
    assert find(connection, metadata) == [f"billing.{name}: this table {NOT_KNOWN}" for name in ("invoice", "person")]
    for name in ("invoice", "person"):
        sa.Table(name, metadata, schema="billing", info=excluded("x"))
    assert find(connection, metadata) == []


@pytest.mark.usefixtures("billing")
def test_columns_of_other_schemas_are_looked_at(connection: sa.Connection) -> None:
    people(sa.Column("nickname", sa.Text), schema="billing").create_all(connection)
    assert find(connection, people(schema="billing")) == [f"billing.person.nickname: this column {NOT_KNOWN}"]


def test_a_model_may_name_the_default_schema(connection: sa.Connection) -> None:
    people(sa.Column("nickname", sa.Text)).create_all(connection)
    default = "main" if connection.dialect.name == "sqlite" else "public"
    assert find(connection, people(sa.Column("nickname", sa.Text), schema=default)) == []
    assert find(connection, people(schema=default)) == [f"person.nickname: this column {NOT_KNOWN}"]


def test_a_view_is_passed_over(connection: sa.Connection) -> None:
    metadata = people()
    metadata.create_all(connection)
    connection.exec_driver_sql("CREATE VIEW everybody AS SELECT id AS number FROM person")
    found = compare(connection, metadata)
    assert (found.findings, found.passed_over) == ([], [("everybody", "a view, which shows what tables hold")])
    sa.Table("everybody", metadata, sa.Column("other", sa.Integer), info=excluded("x"))
    assert compare(connection, metadata) == Comparison()


def test_tables_of_the_whole_search_path_need_no_schema(postgresql: sa.Connection) -> None:
    people().create_all(postgresql)
    postgresql.exec_driver_sql("CREATE SCHEMA first; SET LOCAL search_path = first, public")
    assert find(postgresql, people()) == []
    postgresql.exec_driver_sql("SET LOCAL search_path = first")
    assert find(postgresql, people()) == [f"public.person: this table {NOT_KNOWN}"]


def test_a_materialized_view_is_a_copy(postgresql: sa.Connection) -> None:
    metadata = people()
    metadata.create_all(postgresql)
    postgresql.exec_driver_sql("CREATE MATERIALIZED VIEW copied AS SELECT id FROM person")
    assert find(postgresql, metadata) == [f"copied: this materialized view {NOT_KNOWN}"]
    sa.Table("copied", metadata, info=excluded("A copy."))
    assert find(postgresql, metadata) == []


def test_a_foreign_table_can_be_read_like_any_other(postgresql: sa.Connection) -> None:
    for made in ("FOREIGN DATA WRAPPER far", "SERVER there FOREIGN DATA WRAPPER far"):
        postgresql.exec_driver_sql(f"CREATE {made}")
    postgresql.exec_driver_sql("CREATE FOREIGN TABLE letters (id integer) SERVER there")
    assert find(postgresql, sa.MetaData()) == [f"letters: this foreign table {NOT_KNOWN}"]


def test_partitions_are_read_with_their_table(postgresql: sa.Connection) -> None:
    postgresql.exec_driver_sql("CREATE TABLE person (id integer) PARTITION BY RANGE (id)")
    postgresql.exec_driver_sql("CREATE TABLE person_1 PARTITION OF person FOR VALUES FROM (1) TO (9)")
    assert find(postgresql, people()) == []
    assert find(postgresql, sa.MetaData()) == [f"person: this table {NOT_KNOWN}"]
    postgresql.exec_driver_sql("ALTER TABLE person DETACH PARTITION person_1")
    assert find(postgresql, people()) == [f"person_1: this table {NOT_KNOWN}"]


def test_a_child_table_with_a_column_of_its_own_is_found(postgresql: sa.Connection) -> None:
    people().create_all(postgresql)
    postgresql.exec_driver_sql("CREATE TABLE person_old () INHERITS (person)")
    assert find(postgresql, people()) == []
    postgresql.exec_driver_sql("ALTER TABLE person_old ADD nickname text")
    assert find(postgresql, people()) == [f"person_old: this table {NOT_KNOWN}"]


def test_tables_of_extensions_are_passed_over(postgresql: sa.Connection) -> None:
    """As PostGIS brings spatial_ref_sys."""
    postgresql.exec_driver_sql("CREATE TABLE spatial_ref_sys (srid integer)")
    assert find(postgresql, sa.MetaData()) == [f"spatial_ref_sys: this table {NOT_KNOWN}"]
    postgresql.exec_driver_sql("ALTER EXTENSION plpgsql ADD TABLE spatial_ref_sys")
    found = compare(postgresql, sa.MetaData())
    assert (found.findings, found.passed_over) == ([], [("spatial_ref_sys", "it belongs to the extension plpgsql")])


def test_what_our_role_may_not_read_is_found_too(postgresql: sa.Connection) -> None:
    postgresql.exec_driver_sql("CREATE SCHEMA closed; CREATE TABLE closed.letters (id integer)")
    postgresql.exec_driver_sql("CREATE ROLE somebody_else; SET LOCAL ROLE somebody_else")
    with pytest.raises(sa.exc.ProgrammingError), postgresql.begin_nested():
        postgresql.exec_driver_sql("SELECT id FROM closed.letters")
    assert find(postgresql, sa.MetaData()) == [f"closed.letters: this table {NOT_KNOWN}"]
