"""Every kind of column with values that formats stumble over, under names that file systems and programs dislike."""

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.engine.register import owned, reference, subject, third_party, words


class Mood(enum.Enum):
    CALM = "calm"
    STORMY = "=stormy"


MOODS = sa.Enum(Mood, values_callable=lambda mood: [each.value for each in mood])


class Money(sa.TypeDecorator[str]):
    """Cents in the database, words outside."""

    impl = sa.Integer
    cache_ok = True

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else f"{value / 100:.2f} EUR"


def make_types() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "person",
        metadata,
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String(80)),
        info=subject(title="Account"),
    )
    sa.Table(
        "Odd Thing/é",
        metadata,
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("owner_id", sa.ForeignKey("person.id")),
        sa.Column("other_id", sa.ForeignKey("person.id"), info=third_party(shows="name")),
        sa.Column("kind", sa.ForeignKey("kind.name")),
        sa.Column("=sum", sa.BigInteger),
        sa.Column("price", sa.Numeric(30, 10)),
        sa.Column("ratio", sa.Float),
        sa.Column("cost", Money),
        sa.Column("is_open", sa.Boolean),
        sa.Column("at", sa.DateTime),
        sa.Column("day", sa.Date),
        sa.Column("clock", sa.Time),
        sa.Column("lasted", sa.Interval),
        sa.Column("mood", MOODS, info=words({Mood.CALM: "Calm", Mood.STORMY: "Stormy"})),
        sa.Column("facts", sa.JSON),
        sa.Column("blob", sa.LargeBinary),
        sa.Column("text", sa.Text),
        info=owned("owner_id", title="Odd things", purpose="To try what is hard."),
    )
    sa.Table(
        "kind",
        metadata,
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column('a "b"\\c', sa.Integer),
        info=reference(),
    )
    return metadata


ANN, BOB = uuid.UUID(int=1), uuid.UUID(int=2)
TEXTS = (
    "",
    "=1+1",
    "'quoted",
    '"',
    "a,b;c\td",
    "two\r\nlines",
    "\n",
    "đà lạt \U0001f30a",
    "nan",
    "null",
    " -1",
    "\ufeff",
    "007",
)
FLOATS = (0.1, -1e-7, 1e300, float("inf"), float("-inf"), -0.0)
NUMBERS = (0, -1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63))
MOMENTS = (dt.datetime(1, 1, 1), dt.datetime(2026, 11, 22, 9, 14, 30, 123456), dt.datetime(9999, 12, 31, 23, 59, 59))  # noqa: DTZ001
BLOBS = (b"", b"\xfb\xef\xbe", bytes(range(256)))


def fill_types(engine: sa.Engine, metadata: sa.MetaData) -> None:
    metadata.create_all(engine)
    with engine.begin() as connection:
        people = [{"id": ANN, "name": "Ann"}, {"id": BOB, "name": '=cmd|"/c calc"!A1'}]
        connection.execute(metadata.tables["person"].insert(), people)
        connection.execute(metadata.tables["kind"].insert(), [{"name": "-odd"}, {"name": "unused"}])
        connection.execute(metadata.tables["Odd Thing/é"].insert(), [_row(number) for number in range(len(TEXTS))])


def _row(number: int) -> dict[str, Any]:
    def pick(values: tuple[Any, ...]) -> Any:
        return values[number] if number < len(values) else None

    return {
        "id": number - 3,
        "owner_id": ANN,
        "other_id": (ANN, BOB, None)[number % 3],
        "kind": ("-odd", None)[number % 2],
        "=sum": pick(NUMBERS),
        "price": pick((Decimal("-12.5000000001"), Decimal(0), Decimal("12345678901234567890.5"))),
        "ratio": pick(FLOATS),
        "cost": pick((-5, 1999)),
        "is_open": pick((True, False)),
        "at": pick(MOMENTS),
        "day": pick((dt.date(1, 1, 1), dt.date(2026, 11, 22))),
        "clock": pick((dt.time(9, 14), dt.time(9, 14, 30, 123456))),
        "lasted": pick((dt.timedelta(days=-1), dt.timedelta(microseconds=1))),
        "mood": pick((Mood.CALM, Mood.STORMY)),
        "facts": pick(({"a": [1, None]}, [], "=text", 5, True)),
        "blob": pick(BLOBS),
        "text": TEXTS[number],
    }
