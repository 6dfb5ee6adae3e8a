"""Tables that are read in pieces and tables that are not, filled; and other workers for them."""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.engine import piecework
from app.engine.build import Built, Order, build_archive
from app.engine.choices import EVERYTHING, Choices
from app.engine.graph import build_graph
from app.engine.package.piece import PieceFile
from app.engine.pieces import ALONE, Piece, Sharing
from app.engine.register import owned, subject, third_party
from app.engine.shape import Subject
from tests.engine.conftest import open_file

ANN = Subject("1", "Ann", "ann@example.org", "en_GB", "Asia/Tokyo")
ODD_KEYS = ("", "'", "%(x)s", '"', "\\", "E", "e", "é", "🙂", "null", "😀\n", "Z", "a b", "_", "-1", "10", "9")
LEAST = 200


def make_schema() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), info=subject(title="Account"))
    tables: dict[str, list[sa.Column[Any]]] = {
        "leaf": [sa.Column("id", sa.Uuid, primary_key=True)],
        "note": [
            sa.Column("id", sa.BigInteger, primary_key=True),
            sa.Column("at", sa.DateTime(timezone=True)),
            sa.Column("body", sa.Text),
            sa.Column("meta", sa.JSON),
            sa.Column("scan", sa.LargeBinary),
        ],
        "pair": [sa.Column("one", sa.Integer, primary_key=True), sa.Column("two", sa.Integer, primary_key=True)],
        "praise": [
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("from_id", sa.ForeignKey("person.id"), info=third_party()),
        ],
        "visit": [sa.Column("at", sa.DateTime, primary_key=True)],
        "word": [sa.Column("text", sa.String(80), primary_key=True)],
    }
    for name, columns in tables.items():
        sa.Table(name, metadata, *columns, sa.Column("person_id", sa.ForeignKey("person.id")), info=owned("person_id"))
    return metadata


def make_rows(table: str) -> Iterator[dict[str, Any]]:
    """Every third is Bob's. Some notes are of a year that depends on the time zone."""
    chance = random.Random(table)
    new_year = datetime(2025, 12, 31, 20, tzinfo=UTC)
    for number in range(1500):
        own = {"person_id": 2 if number % 3 == 0 else 1}
        if table == "leaf":
            yield own | {"id": uuid.UUID(bytes=chance.randbytes(16))}
        elif table == "note":
            at, meta = new_year - timedelta(minutes=number), {"n": number, "text": "é\n"}
            body = f"{chance.choice(ODD_KEYS)} {chance.random()}" * chance.choice((1, 1, 200))
            yield own | {"id": number * 7, "at": at, "body": body, "meta": meta, "scan": chance.randbytes(9)}
        elif table == "pair":
            yield own | {"one": number // 10, "two": number % 10}
        elif table == "praise":
            yield own | {"id": number, "from_id": 3 + number % 5}
        elif table == "visit":
            yield own | {"at": datetime(2026, 1, 1) + timedelta(minutes=number)}  # noqa: DTZ001  # the column holds no zone
        else:
            yield own | {"text": f"{ODD_KEYS[number % len(ODD_KEYS)]}{number or ''}"}


def fill(engine: sa.Engine) -> None:
    metadata = make_schema()
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(metadata.tables["person"].insert(), [{"id": number} for number in range(1, 9)])
        for name, table in metadata.tables.items():
            if name != "person":
                connection.execute(table.insert(), list(make_rows(name)))


class Others:
    """Other workers, here one in this process: it makes at once those pieces that are `theirs`."""

    def __init__(
        self,
        engine: sa.Engine,
        folder: Path,
        theirs: Callable[[Piece], bool],
        *,
        least: int = LEAST,
        choices: Choices = EVERYTHING,
    ) -> None:
        self.least_rows: int | None = least
        self.offered: list[Piece] = []
        self._engine = engine
        self._folder = folder
        self._theirs = theirs
        self._choices = choices
        self._made: dict[int, Path] = {}

    def offer(self, snapshot: str, pieces: Sequence[Piece]) -> None:
        self.offered += pieces
        for piece in reversed(pieces):
            if self._theirs(piece):
                self._made[piece.number] = self.make(piece, snapshot)

    def make(self, piece: Piece, snapshot: str) -> Path:
        workspace = self._folder / f"piece-{piece.number}"
        workspace.mkdir(parents=True)
        return piecework.make_piece(
            piece,
            engine=self._engine,
            graph=build_graph(make_schema()),
            snapshot=snapshot,
            subject=ANN,
            choices=self._choices,
            workspace=workspace,
            go_on=lambda: None,
        )

    def take(self, piece: Piece) -> PieceFile | None:
        made = self._made.get(piece.number)
        return PieceFile(made) if made else None


def build(engine: sa.Engine, folder: Path, sharing: Sharing = ALONE, choices: Choices = EVERYTHING) -> Built:
    workspace = folder / "workspace"
    workspace.mkdir(parents=True)
    return build_archive(
        Order("The Shop", "A1B2C3D4", ANN, choices=choices),
        engine=engine,
        graph=build_graph(make_schema()),
        open_file=open_file,
        workspace=workspace,
        tell=lambda _step, _done: None,
        sharing=sharing,
    )
