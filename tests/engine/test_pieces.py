"""An archive in pieces holds the same, whoever has made which of them, and all of it is of one moment."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from app.engine import piecework
from app.engine.choices import EVERYTHING, Choices
from app.engine.pieces import ALONE, MOST, Piece
from app.engine.reading import TornReadError
from app.extensions import prepare_sqlite
from tests.engine.forging import Members, unpack
from tests.engine.notebook import LEAST, Others, build, fill, make_rows, make_schema
from tests.tools import find_tool, run_tool


@pytest.fixture(scope="module")
def engine(postgres: str) -> Iterator[sa.Engine]:
    admin = sa.create_engine(sa.make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE pieces")
    engine = sa.create_engine(admin.url.set(database="pieces"))
    fill(engine)
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE pieces WITH (FORCE)")
    admin.dispose()


def read_rows(members: Members) -> Members:
    """The data files, without what tells of the moment at which they were made."""
    return {name: text for name, text in members.items() if name.startswith(("data/json/", "data/csv/"))}


def read_report(members: Members) -> Members:
    return {name: text for name, text in members.items() if name.startswith("viewer/")}


def shown_rows(members: Members, table: str) -> list[Any]:
    """What the report's chunks of a table hold."""
    found: list[Any] = []
    for number in itertools.count():
        chunk = members.get(f"viewer/{table}.{number:04}.js")
        if chunk is None:
            return found
        opening, _, rows = chunk.decode().partition("\n")
        assert opening == f'ARCHIVE_CHUNK("{table}",{number},['
        found += json.loads("[" + rows.removesuffix(");\n"))
    raise AssertionError("count() does not end")


@pytest.fixture(scope="module")
def whole(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Members:
    """What one worker makes that shares nothing."""
    return unpack(build(engine, tmp_path_factory.mktemp("whole")).parts[0].file)


@pytest.fixture(scope="module")
def alone(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Members:
    """In pieces, and nobody helps."""
    folder = tmp_path_factory.mktemp("alone")
    return unpack(build(engine, folder, Others(engine, folder, lambda _: False)).parts[0].file)


THEIRS: dict[str, Callable[[Piece], bool]] = {
    "all": lambda _: True,
    "every second": lambda piece: piece.number % 2 == 0,
    "the last": lambda piece: piece.high is None,
}


@pytest.mark.parametrize("theirs", THEIRS)
def test_members_are_the_same_whoever_makes_the_pieces(
    engine: sa.Engine, tmp_path: Path, whole: Members, alone: Members, theirs: str
) -> None:
    sharing = Others(engine, tmp_path, THEIRS[theirs])
    built = build(engine, tmp_path, sharing)  # and verified
    members = unpack(built.parts[0].file)
    assert [piece.number for piece in sharing.offered] == list(range(1, 1 + len(sharing.offered)))
    assert {piece.table for piece in sharing.offered} == {"leaf", "note", "word"}
    assert len(sharing.offered) == 15
    assert members.keys() == alone.keys()
    assert read_rows(members) == read_rows(alone) == read_rows(whole)
    assert read_report(members) == read_report(alone)
    for table in ("leaf", "note", "pair", "praise", "visit", "word"):
        rows = shown_rows(members, table)
        assert rows == shown_rows(whole, table)
        assert len(rows) == 1000
    for names, *words in ((("unzip",), "-t", "-q"), (("7zz", "7z"), "t")):
        assert run_tool(find_tool(*names), *words, built.parts[0].file).returncode == 0


def test_pages_say_the_same(engine: sa.Engine, tmp_path: Path, whole: Members) -> None:
    """First rows, numbers, and the years, some of which only the person's time zone tells."""
    made = unpack(build(engine, tmp_path, Others(engine, tmp_path, lambda _: True)).parts[0].file)
    for page in ("note.html", "word.html", "leaf.html"):
        assert _table(made[page]) == _table(whole[page])
    years = [json.loads(_manifest(members)) for members in (made, whole)]
    assert [table["years"] for table in years[0]["tables"]] == [table["years"] for table in years[1]["tables"]]
    assert b"2026" in _manifest(made)


def _table(page: bytes) -> bytes:
    found = page[page.index(b"<table") : page.index(b"</table>")]
    assert found.count(b"<tr") > 50
    return found


def _manifest(members: Members) -> bytes:
    return members["viewer/manifest.js"].removeprefix(b"var ARCHIVE = ").removesuffix(b";\n")


def test_there_are_not_too_many_pieces(engine: sa.Engine, tmp_path: Path, whole: Members) -> None:
    sharing = Others(engine, tmp_path, lambda piece: piece.number % 7 == 0, least=1)
    members = unpack(build(engine, tmp_path, sharing).parts[0].file)
    assert len(sharing.offered) == 3 * MOST
    assert read_rows(members) == read_rows(whole)


@contextmanager
def writing(engine: sa.Engine) -> Iterator[Callable[[Piece], bool]]:
    """Changes notes as soon as their pieces are offered; they are as they were afterwards."""
    note = make_schema().tables["note"]

    def change(_piece: Piece) -> bool:
        with engine.begin() as connection:
            connection.execute(note.update().values(body="changed"))
            connection.execute(note.delete().where(note.c.id % 2 == 0))
        return True

    yield change
    with engine.begin() as connection:
        connection.execute(note.delete())
        connection.execute(note.insert(), list(make_rows("note")))


def test_all_pieces_are_of_one_moment(engine: sa.Engine, tmp_path: Path, whole: Members) -> None:
    with writing(engine) as change:
        built = build(engine, tmp_path, Others(engine, tmp_path, change))
    assert read_rows(unpack(built.parts[0].file)) == read_rows(whole)


def test_without_the_exported_snapshot_they_tear(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(piecework, "join_snapshot", lambda engine, _name: engine.connect())
    with writing(engine) as change, pytest.raises(TornReadError, match="note: 1000 rows counted"):
        build(engine, tmp_path, Others(engine, tmp_path, change))


def test_a_snapshot_that_is_gone_is_refused(engine: sa.Engine, tmp_path: Path) -> None:
    sharing = Others(engine, tmp_path, lambda _: False)
    build(engine, tmp_path, sharing)
    with pytest.raises(sa.exc.DBAPIError, match="snapshot"):
        sharing.make(sharing.offered[0], "00000003-00000001-1")


def test_all_pieces_hold_what_was_chosen(engine: sa.Engine, tmp_path: Path) -> None:
    """Notes are dated by the minute; the last of the year before is in Tokyo's."""
    choices = Choices(without=frozenset({"leaf"}), since=date(2025, 12, 31), until=date(2025, 12, 31), files=False)
    made = {}
    for name, sharing in (
        ("alone", ALONE),
        ("shared", Others(engine, tmp_path, lambda _: True, choices=choices)),
        ("forgetful", Others(engine, tmp_path / "forgetful", lambda _: True)),
    ):
        (tmp_path / name).mkdir(exist_ok=True)
        try:
            made[name] = read_rows(unpack(build(engine, tmp_path / name / "archive", sharing, choices).parts[0].file))
        except TornReadError:
            made[name] = {}
    assert made["shared"] == made["alone"]
    assert made["forgetful"] == {}  # the control: helpers who know nothing of the choices


def test_archives_of_several_files_and_small_tables_stay_whole(engine: sa.Engine, tmp_path: Path) -> None:
    for name, least, choices in (("parts", LEAST, Choices(part_size=10**6)), ("small", 1000, EVERYTHING)):
        sharing = Others(engine, tmp_path / name, lambda _: True, least=least)
        build(engine, tmp_path / name, sharing, choices)
        assert sharing.offered == []


def test_sqlite_knows_no_shared_snapshot(tmp_path: Path, whole: Members) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.sqlite'}")
    prepare_sqlite(engine)
    fill(engine)
    sharing = Others(engine, tmp_path, lambda _: True)
    members = unpack(build(engine, tmp_path, sharing).parts[0].file)
    engine.dispose()
    assert sharing.offered == []
    assert read_rows(members).keys() == read_rows(whole).keys()


def test_only_long_tables_are_read_by_a_cursor_of_the_server(engine: sa.Engine, tmp_path: Path) -> None:
    """It keeps memory flat, and costs three round trips; the person's own row is not worth them."""
    asked: dict[str, bool] = {}

    def note(_: sa.Connection, cursor: object, statement: str, *_more: object) -> None:
        ordered_by = statement.rpartition("ORDER BY ")[2].partition(".")[0]
        asked[ordered_by] = isinstance(cursor, psycopg.ServerCursor)

    sa.event.listen(engine, "before_cursor_execute", note)
    build(engine, tmp_path)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert asked["person"] is False
    assert all(asked[table] for table in ("leaf", "note", "pair", "praise", "visit", "word"))
