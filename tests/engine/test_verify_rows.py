"""The fast readers of JSON and CSV accept nothing that the standard library's readers refuse, and read the same."""

import csv
import io
import itertools
import json
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.engine.verify.csv_rows import CsvRows
from app.engine.verify.json_rows import JsonRows
from app.engine.verify.problems import VerificationError
from app.engine.verify.rows import Column, Rows, read_rows

NAMES = ["a", "b"]


class Seen:
    """What a reader showed."""

    def __init__(self) -> None:
        self.rows: list[tuple[bytes, ...]] = []

    def __call__(self, count: int, column: Column) -> None:
        found = list(zip(*map(column, range(len(NAMES))), strict=True))
        assert len(found) == count
        self.rows += found


def cut(text: bytes, size: int) -> Iterator[bytes]:
    return (text[at : at + size] for at in range(0, len(text), size))


def accepts(rows: Rows, blocks: Iterable[bytes]) -> bool:
    try:
        read_rows(blocks, rows, 10**6)
    except (VerificationError, UnicodeDecodeError):
        return False
    return True


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


HEADER = write_csv([NAMES])
CELL = st.text(st.sampled_from('",\r\n aé\u2028\0'), max_size=6)
SIZE = st.integers(1, 40)


@given(st.lists(st.tuples(CELL, CELL)), SIZE, st.sampled_from([b"", b"\xef\xbb\xbf"]))
@example([('"\r\n"', '",'), ("", '"')], 1, b"")
def test_csv_comes_out_as_it_went_in(rows: list[tuple[str, str]], size: int, mark: bytes) -> None:
    seen = Seen()
    blocks = (
        [mark + HEADER[:1], *cut(HEADER[1:] + write_csv(rows), size)] if mark else cut(HEADER + write_csv(rows), size)
    )
    read_rows(blocks, CsvRows(NAMES, seen), 10**6)
    assert [tuple(cell.decode() for cell in row) for row in seen.rows] == rows


@given(st.text(st.sampled_from('""",,\r\n\r\na'), max_size=30), SIZE)
@example('"a","b"\r\n"c",\r\n', 99)
@example('"a","b"\r"c","d"\n', 99)
@example('"a",,"b"\r\n', 99)
@example('a"c","d"\r\n', len(HEADER))
def test_csv_that_no_other_reader_reads_so_is_refused(text: str, size: int) -> None:
    seen = Seen()
    if accepts(CsvRows(NAMES, seen), cut(HEADER + text.encode(), size)):
        theirs = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert [[cell.decode() for cell in row] for row in seen.rows] == theirs


PIECES = [b'"', b"\\", b"u", b"0", b"-", b"1", b".", b"e", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\0"]
MORE = [b"\x1f", b"\xc3", b"\xff", b"\xed\xa0\x80", b"t", b"NaN", b"Infinity", b"\\ud800", b"\\x", b",\n"]
GOOD = '[\n{"a":1,"b":"x\\n\\"\u00e9"},\n{"a":-0.5e3,"b":{"c":[null,true,"\U0001f600"]}}\n]\n'.encode()
EDIT = st.tuples(st.integers(0, len(GOOD)), st.integers(0, 2), st.sampled_from([b"", *PIECES, *MORE]))


@given(st.lists(EDIT, min_size=1, max_size=3), SIZE)
@example([(2, 0, b",\n")], 1)
def test_json_that_is_none_is_refused(edits: list[tuple[int, int, bytes]], size: int) -> None:
    text = GOOD
    for place, length, piece in edits:
        text = text[:place] + piece + text[place + length :]
    seen = Seen()
    if accepts(JsonRows(NAMES, seen), cut(text, size)):
        rows = json.loads(text.decode(), parse_constant=pytest.fail)
        assert len(rows) == len(seen.rows)
        assert all(list(row) == NAMES for row in rows)


@given(st.lists(st.tuples(st.one_of(st.none(), st.text(), st.integers()), st.text())), SIZE)
@example([("\U0001f30a", "")], 1)
def test_json_comes_out_as_it_went_in(rows: list[tuple[object, str]], size: int) -> None:
    """Also what is beyond the first 65,536 characters, which stands in this JSON as a pair of escapes."""
    lines = [json.dumps(dict(zip(NAMES, row, strict=True))) for row in rows]
    text = "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"
    seen = Seen()
    read_rows(cut(text.encode(), size), JsonRows(NAMES, seen), 10**6)
    assert seen.rows == [(b"" if first is None else str(first).encode(), second.encode()) for first, second in rows]


@pytest.mark.parametrize("text", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"])
def test_a_text_that_is_not_utf_8_is_refused(text: bytes) -> None:
    """Also where nobody asks for the column."""
    for value, good in ((text, False), (b"x", True)):
        assert accepts(JsonRows(NAMES, lambda *_: None), [b'[\n{"a":1,"b":"%b"}\n]\n' % value]) == good
        assert accepts(CsvRows(NAMES, lambda *_: None), [HEADER + b'"1","%b"\r\n' % value]) == good


def test_a_number_that_is_too_large_is_no_key() -> None:
    text = b'[\n{"a":1e999,"b":1}\n]\n'
    assert accepts(JsonRows(NAMES, lambda *_: None), [text])
    assert not accepts(JsonRows(NAMES, Seen()), [text])


def test_half_of_a_surrogate_pair_is_json() -> None:
    seen = Seen()
    assert accepts(JsonRows(NAMES, seen), [b'[\n{"a":"\\ud83d","b":1}\n]\n'])
    assert seen.rows == [(b"\\ud83d", b"1")]
    assert not accepts(JsonRows(NAMES, seen), [b'[\n{"a":"\\ud83d","b":NaN}\n]\n'])


@pytest.mark.parametrize("kind", ["JSON", "CSV"])
def test_ten_times_the_rows_take_the_same_memory(kind: str) -> None:
    row, first = (b'{"a":1,"b":"x"},\n', b"[\n") if kind == "JSON" else (b'"1","x ""y"""\r\n', HEADER)
    reader = JsonRows if kind == "JSON" else CsvRows
    peaks = []
    for blocks in (4, 40):
        end = [row[:-2] + b"\n]\n"] if kind == "JSON" else []
        tracemalloc.start()
        read_rows(itertools.chain([first], itertools.repeat(row * 5000, blocks), end), reader(NAMES, _skip), 10**6)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def _skip(_count: int, column: Column) -> None:
    column(0)


def test_a_long_row_is_not_read_again_with_each_block() -> None:
    """The time for a row of many blocks grows with its length, not with its square."""

    class Counting(CsvRows):
        read = 0

        def take(self, text: bytes) -> int:
            self.read += len(text)
            return super().take(text)

    text = HEADER + b'"a","' + b"x" * 1_000_000 + b'"\r\n'
    counting = Counting(NAMES, Seen())
    read_rows(cut(text, 1000), counting, 10**7)
    assert counting.read < 5 * len(text)
