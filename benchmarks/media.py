"""Pictures and files: what they are, the table that names them, and whether an archive holds all of them."""

import random
import sqlite3
import zipfile
import zlib
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from benchmarks.content import Expected
from benchmarks.databases import Database
from benchmarks.readback import LostRowsError
from benchmarks.settings import MIB
from benchmarks.shapes import PERSON, make_picture_schema

PICTURE = 20_000
"""Bytes of a small picture."""


def make_files(folder: Path, count: int, size: int) -> Expected:
    """`count` files of `size` bytes that cannot be compressed, as pictures are."""
    folder.mkdir()
    chance = random.Random(count)
    expected = Expected()
    for number in range(count):
        sum_of_one = 0
        with (folder / f"{number:06}.jpg").open("wb") as file:
            for start in range(0, size, MIB):
                piece = chance.randbytes(min(MIB, size - start))
                file.write(piece)
                sum_of_one = zlib.crc32(piece, sum_of_one)
        expected.rows += 1
        expected.checksum += sum_of_one
    return expected


def name_media(count: int, size: int) -> str:
    """The case, as the results call it."""
    return f"media, {count:,} {'file' if count == 1 else 'files'} of {size:,} bytes"


def name_files(file: Path, count: int) -> Database:
    """A SQLite database with a row for each of them."""
    database = Database("sqlite", f"sqlite:///{file}")
    engine = sa.create_engine(database.url)
    make_picture_schema().create_all(engine)
    engine.dispose()
    rows = ((number + 1, PERSON, f"{number:06}.jpg", f"picture {number}.jpg") for number in range(count))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO person VALUES (?, ?)", (PERSON, "Ann"))
        connection.executemany("INSERT INTO picture VALUES (?, ?, ?, ?)", rows)
    return database


def check_files(folder: Path, expected: Expected) -> None:
    """Raises LostRowsError."""
    found = Expected()
    for path in folder.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.endswith(".jpg"):
                    found.rows += 1
                    found.checksum += _sum(archive, member)
    if found != expected:
        raise LostRowsError(f"{folder.name} holds {found}, the disk {expected}")


def _sum(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    total = 0
    with archive.open(member) as file:
        while piece := file.read(MIB):
            total = zlib.crc32(piece, total)
    return total
