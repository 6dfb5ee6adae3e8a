"""Journals that hold anything: imported as they are, or refused with the line and the reason, and then nothing is."""

import codecs
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from app.extensions import db
from app.journal.import_file import ImportFileError, Line, read_lines
from app.models import Comment, Entry, User
from app.words.text import clean_line
from tests.fuzzing import examples

pytestmark = pytest.mark.fuzz

TEXT = st.text(max_size=12) | st.sampled_from(["\0", "\ud800", "\x1b[2J", "x" * 201, " ", "\u202e", "\r\n"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2))
DATES = st.dates().map(str) | st.sampled_from(["1660-02-30", "0000-01-01", "16600101", "1660-W01-1", "١٦٦٠-٠١-٠١", ""])
COMMENTS = st.fixed_dictionaries({"author": TEXT, "body": TEXT}) | VALUES
ENTRIES = st.fixed_dictionaries(
    {"title": TEXT},
    optional={
        "date": DATES | VALUES,
        "body": TEXT | VALUES,
        "tags": st.lists(TEXT, max_size=3) | VALUES,
        "comments": st.lists(COMMENTS, max_size=3) | VALUES,
        "files": st.lists(TEXT | st.sampled_from(["..", "/etc/passwd", "a/b", "lines.jsonl"]), max_size=2) | VALUES,
    },
)
LINES = st.lists(ENTRIES | ENTRIES | st.dictionaries(TEXT, VALUES, max_size=3), min_size=1, max_size=3)
DEEP = b'{"title": "x", "tags": ' + b"[" * 100_000


def write(path: Path, lines: Sequence[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def run(app: Flask, path: Path) -> tuple[int, str]:
    arguments = ["journal", "import", str(path), "--user", "ann@example.org", "--media", str(path.parent)]
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.output


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Entry)) or 0


@examples(60)
@given(lines=LINES)
@example(lines=[{"title": "x", "\ud800": 1}])
@example(lines=[{"title": "x", "\x1b[2J": 1}])
@example(lines=[{"title": "x", "files": ["\x1b[2J"]}])
@example(lines=[{"title": "x", "files": ["y" * 300]}])
def test_entries_of_anything(app: Flask, ann: User, tmp_path: Path, lines: list[Any]) -> None:
    code, said = run(app, write(tmp_path / "lines.jsonl", lines))
    added = count()
    assert (code, added) in {(0, len(lines)), (1, 0)}, said
    assert code == 0 or said.startswith("Error: Line ")
    assert "\x1b" not in said
    for table in (Comment, Entry):
        db.session.execute(delete(table))
    db.session.commit()


GOOD = b'{"date": "1660-01-01", "title": "One", "tags": ["a"]}\n{"title": "Two", "comments": []}\n'
PIECES = st.binary(max_size=6) | st.sampled_from(
    [b"\n", b'"', b"{", b"[", b"\\u0000", b"\xef\xbb\xbf", b"1e999", b"NaN"]
)
EDITS = st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 3), PIECES), min_size=1, max_size=3)


@pytest.mark.usefixtures("app")
@given(edits=EDITS)
@example(edits=[(0, len(GOOD), DEEP)])
@example(edits=[(0, len(GOOD), b'{"title": ' + b"1" * 5000 + b"}")])
@example(edits=[(0, len(GOOD), b'{"title": "x", "body": NaN}')])
@example(edits=[(0, len(GOOD), b'{"title": "x", "title": "y"}')])
@example(edits=[(33, 0, codecs.BOM_UTF8)])
def test_bytes_of_any_kind(tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, bytes]]) -> None:
    """What is taken is JSON to the standard library, too."""
    text = GOOD
    for place, length, piece in edits:
        text = text[:place] + piece + text[place + length :]
    path = tmp_path_factory.getbasetemp() / "bytes.jsonl"
    path.write_bytes(text)
    found = read_or_refuse(path)
    if isinstance(found, str):
        assert re.fullmatch(r"(?s)Line \d+: .*Nothing was imported\.", found)
    else:
        each = filter(bytes.strip, text.removeprefix(codecs.BOM_UTF8).split(b"\n"))
        assert [line.title for line in found] == [clean_line(json.loads(line)["title"]) for line in each]


def read_or_refuse(path: Path) -> list[Line] | str:
    try:
        return read_lines(path)
    except ImportFileError as error:
        return str(error)
