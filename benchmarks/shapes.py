"""The tables that are measured: one person's rows out of twice as many.

Every table has the columns of `event`; a wide one has more of them, a long one has long texts.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.engine.register import file, owned, subject

PERSON = 1
PEOPLE = 2


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    share: int
    """A table has one row of the person for so many of ROWS."""
    tables: tuple[str, ...] = ("event",)
    body: int = 120
    """Characters of the long text."""
    extra: int = 0
    """Columns beyond the eight of `event`."""


CASES = {
    case.name: case
    for case in (
        Case("events", "one table of 8 columns: keys, time, two short texts, 120 characters, a decimal, JSON", 1),
        Case("wide", "one table of 60 columns", 100, extra=52),
        Case("long", "one table with texts of 8,000 characters", 200, body=8000),
        Case("many", "60 tables of 8 columns", 20_000, tables=tuple(f"event_{number:02}" for number in range(60))),
    )
}


def rows_of(case: Case, rows: int) -> int:
    """How many rows of the person each table has."""
    return max(rows // case.share, 1)


def make_schema(case: Case) -> sa.MetaData:
    metadata = _with_people()
    for name in case.tables:
        sa.Table(name, metadata, *_columns(case), info=owned("person_id", title=name.capitalize()))
    return metadata


def make_picture_schema() -> sa.MetaData:
    metadata = _with_people()
    sa.Table(
        "picture",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.ForeignKey("person.id"), index=True),
        sa.Column("stored", sa.String(80), info=file("pictures", title="title")),
        sa.Column("title", sa.String(80)),
        info=owned("person_id", title="Pictures"),
    )
    return metadata


def _with_people() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "person",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80)),
        info=subject(title="Account"),
    )
    return metadata


def _columns(case: Case) -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.ForeignKey("person.id"), index=True, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("place", sa.String(40)),
        sa.Column("body", sa.String(case.body)),
        sa.Column("amount", sa.Numeric(12, 2)),
        sa.Column("meta", sa.JSON),
        *(sa.Column(f"extra_{number:02}", _EXTRA[number % 3]()) for number in range(case.extra)),
    ]


_EXTRA: tuple[Any, ...] = (sa.Integer, sa.Date, sa.Text)
