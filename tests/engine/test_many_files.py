"""What an archive of many files takes of memory for each more of them, where it is written and where it is checked."""

import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.engine.build import Order
from app.engine.package import Package, pack
from app.engine.package.part import Member
from app.engine.verify import Expected, verify_archive
from app.engine.verify.single import read_member
from tests.engine.conftest import EDITION, make_archive, open_shop
from tests.engine.shop import make_schema

FEW, MANY = 2000, 4000


@dataclass
class Traced:
    """Bytes."""

    now: int = 0
    peak: int = 0


@contextmanager
def tracing() -> Iterator[Traced]:
    found = Traced()
    tracemalloc.start()
    try:
        yield found
        found.now, found.peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


def of_one(measure: Callable[[int], int]) -> float:
    """Bytes for each file more."""
    return (measure(MANY) - measure(FEW)) / (MANY - FEW)


def write(folder: Path, count: int) -> int:
    """Bytes held when so many files were written."""
    folder.mkdir()
    with Package(folder, EDITION) as package, tracing() as found:
        for number in range(count):
            package.part.put(f"data/media/{number:06}.jpg", pack("a.jpg", BytesIO(b"x"), 1))
    return found.now


def hold(count: int) -> int:
    """Bytes held of a line and an object for each, as it was once."""
    with tracing() as found:
        lines = [bytes(46 + 49) for _ in range(count)]
        members = {f"data/media/{number:06}.jpg": Member(number, f"{number:064}") for number in range(count)}
    assert len(lines) == len(members)
    return found.now


def test_what_is_written_waits_on_the_disk(tmp_path: Path) -> None:
    assert of_one(lambda count: write(tmp_path / f"{count}", count)) < 40
    assert of_one(hold) > 400  # the control


@pytest.fixture(scope="module")
def archives(ann: Order, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """By the number of their files."""
    found = {}
    for count in (FEW, MANY):
        folder, schema = tmp_path_factory.mktemp("many"), make_schema()
        with open_shop(folder, schema) as engine:
            _add_photos(engine, schema.tables["photo"], count)
            (part,) = make_archive(ann, engine, schema, folder / "workspace").parts
        found[count] = part.file
    return found


def _add_photos(engine: sa.Engine, photo: sa.Table, count: int) -> None:
    rows = [
        {"id": 100 + number, "shelf": 1, "number": 1, "stored": "a", "title": "waves.png"} for number in range(count)
    ]
    with engine.begin() as connection:
        connection.execute(photo.insert(), rows)


def list_members(archive: Path, count: int) -> int:
    """Bytes that Python's own list takes."""
    with tracing() as found, zipfile.ZipFile(archive) as package:
        assert len(package.infolist()) > count
    return found.peak


def test_what_is_checked_is_held_in_few_bytes(archives: dict[int, Path], ann: Order) -> None:
    assert ann.signer
    expected = Expected("1", [ann.signer.public_key], signed=True)

    def verify(count: int) -> int:
        with tracing() as found:
            verify_archive([archives[count]], expected)
        return found.peak

    assert of_one(verify) < 300
    assert of_one(lambda count: list_members(archives[count], count)) > 600  # the control: Python's own list alone


def test_one_member_is_found_without_a_list(archives: dict[int, Path]) -> None:
    """For the page of an archive that lacks something, which a web server shows."""

    def read(count: int) -> int:
        with tracing() as found, archives[count].open("rb") as file:
            assert json.loads(read_member(file, "data/coverage.json", 2**20))["gaps"]
        return found.peak

    assert of_one(read) < 10
    assert of_one(lambda count: list_members(archives[count], count)) > 600  # the control
