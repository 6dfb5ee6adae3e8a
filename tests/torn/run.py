"""Archives built while somebody else writes; how many of them hold two moments?"""

import json
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from unittest.mock import patch

import sqlalchemy as sa

from app.engine import build
from app.engine.choices import Choices
from app.engine.graph import build_graph
from app.engine.progress import READING
from app.engine.reading import TornReadError
from app.engine.shape import Subject
from tests.programs import PYTHON, Program, wait_until
from tests.torn.bank import PERSON, connect, count_changes, fill, make_schema

STEPS = 6
"""Between so many of the engine's steps the writer is waited for: once for each table."""


@dataclass(frozen=True)
class Tally:
    archives: int
    torn: int
    commits: float
    """In a second."""


def count_torn(url: str, archives: int, folder: Path, *, control: bool = False) -> Tally:
    """`url`: of an empty database. `control`: with the isolation that databases and drivers have by default."""
    with connect(url) as prepared:
        fill(prepared)
    writer = Program([*PYTHON, "tests.torn.writer", url], folder / "writer.log")
    try:
        with connect(url) as watch, connect(url, prepared=not control) as engine, _isolation(control=control):
            wait_until(lambda: count_changes(watch), what=f"the writer: {writer.log()}")
            began, before = time.monotonic(), count_changes(watch)
            torn = sum(_is_torn(engine, watch) for _ in range(archives))
            commits = (count_changes(watch) - before) / (time.monotonic() - began)
    finally:
        writer.stop(seconds=0)
    return Tally(archives, torn, commits)


@contextmanager
def _isolation(*, control: bool) -> Iterator[None]:
    if not control:
        yield
        return
    with patch.object(build, "open_snapshot", _open_by_default):
        yield


@contextmanager
def _open_by_default(engine: sa.Engine) -> Iterator[tuple[sa.Connection, datetime]]:
    with engine.connect() as connection:
        yield connection, datetime.now(UTC)


def _is_torn(engine: sa.Engine, watch: sa.Engine) -> bool:
    """An archive that is refused, since a table gave other rows than it counted, was torn as well."""
    steps = iter(range(STEPS))

    def let_others_write(_step: str, done: int) -> None:
        if done < READING[1] and next(steps, None) is not None:
            before = count_changes(watch)
            wait_until(lambda: count_changes(watch) > before, what="another change")

    subject = Subject(str(PERSON), "Ann", "ann@example.org", "en", "UTC")
    order = build.Order("The Bank", "A1B2C3D4", subject, choices=Choices(formats=frozenset({"json"})))
    with tempfile.TemporaryDirectory(prefix="torn-") as folder:
        try:
            built = build.build_archive(
                order,
                engine=engine,
                graph=build_graph(make_schema()),
                open_file=_open_nothing,
                workspace=Path(folder),
                tell=let_others_write,
            )
        except TornReadError:
            return True
        return len(_read_numbers(built.parts[0].file)) > 1


def _open_nothing(_store: str, name: str) -> BinaryIO:
    raise FileNotFoundError(name)


def _read_numbers(file: Path) -> set[int]:
    """Of all rows of all tables."""
    with zipfile.ZipFile(file) as archive:
        tables = [json.loads(archive.read(name)) for name in archive.namelist() if "/data/json/" in name]
    assert len(tables) == len(make_schema().tables)
    return {row["change"] for table in tables for row in table}
