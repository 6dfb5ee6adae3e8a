"""Six tables in which each row tells the number of the last change: whoever sees two numbers has seen two moments."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import sqlalchemy as sa

from app.engine.register import owned, subject
from app.extensions import prepare_sqlite

ROWS = 40
PERSON = 1


@cache
def make_schema() -> sa.MetaData:
    """The same each time: SQLAlchemy remembers statements by their tables."""
    schema = sa.MetaData()
    number = sa.Column("change", sa.Integer)
    sa.Table("person", schema, sa.Column("id", sa.Integer, primary_key=True), number, info=subject(title="Account"))
    for name in ("deposit", "fee", "loan", "order", "transfer"):
        sa.Table(
            name,
            schema,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("change", sa.Integer),
            sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False),
            info=owned("person_id"),
        )
    return schema


@contextmanager
def connect(url: str, *, prepared: bool = True) -> Iterator[sa.Engine]:
    """`prepared`: as the application has SQLite; otherwise as Python has it."""
    engine = sa.create_engine(url)
    if prepared:
        prepare_sqlite(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def fill(engine: sa.Engine) -> None:
    """One person, who has all the rows."""
    schema = make_schema()
    schema.create_all(engine)
    with engine.begin() as connection:
        for table in schema.sorted_tables:
            if table.name == "person":
                connection.execute(table.insert(), {"id": PERSON, "change": 0})
            else:
                rows = [{"id": number, "change": 0, "person_id": PERSON} for number in range(ROWS)]
                connection.execute(table.insert(), rows)


def change_all(connection: sa.Connection, number: int) -> None:
    """Every row tells this number, and one row of each table makes room for another."""
    for table in make_schema().sorted_tables:
        connection.execute(table.update().values(change=number))
        if table.name != "person":
            connection.execute(table.delete().where(table.c.id == number - 1))
            connection.execute(table.insert().values(id=ROWS + number, change=number, person_id=PERSON))


def count_changes(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT change FROM person").scalar_one())
