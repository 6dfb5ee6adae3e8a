"""The fast readers of JSON and CSV accept nothing that the standard library's readers refuse, and read the same."""

import csv
import io
import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.engine.verify.csv_rows import CsvRows
from app.engine.verify.json_rows import JsonRows
from app.engine.verify.json_text import check_utf_8
from app.engine.verify.limits import LONG
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


def accepts(rows: Rows, blocks: Iterable[bytes], long: int = LONG) -> bool:
    try:
        read_rows(blocks, rows, 10**7, long)
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
LENGTH = st.sampled_from([LONG, 1, 30])
"""Bytes from which on a text is read by the row."""


@given(st.lists(st.tuples(CELL, CELL)), SIZE, st.sampled_from([b"", b"\xef\xbb\xbf"]), LENGTH)
@example([('"\r\n"', '",'), ("", '"')], 1, b"", LONG)
@example([('"\r\n"', '",'), ("", '"')], 1, b"\xef\xbb\xbf", 1)
def test_csv_comes_out_as_it_went_in(rows: list[tuple[str, str]], size: int, mark: bytes, long: int) -> None:
    seen = Seen()
    blocks = (
        [mark + HEADER[:1], *cut(HEADER[1:] + write_csv(rows), size)] if mark else cut(HEADER + write_csv(rows), size)
    )
    read_rows(blocks, CsvRows(NAMES, seen), 10**6, long)
    assert [tuple(cell.decode() for cell in row) for row in seen.rows] == rows


@given(st.text(st.sampled_from('""",,\r\n\r\na'), max_size=30), SIZE, LENGTH)
@example('"a","b"\r\n"c",\r\n', 99, LONG)
@example('"a","b"\r"c","d"\n', 99, 1)
@example('"a",,"b"\r\n', 99, 1)
@example('a"c","d"\r\n', len(HEADER), LONG)
@example('"c"\r\n"d","e","f"\r\n', 99, 1)
def test_csv_that_no_other_reader_reads_so_is_refused(text: str, size: int, long: int) -> None:
    seen = Seen()
    if accepts(CsvRows(NAMES, seen), cut(HEADER + text.encode(), size), long):
        theirs = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert [[cell.decode() for cell in row] for row in seen.rows] == theirs


PIECES = [b'"', b"\\", b"u", b"0", b"-", b"1", b".", b"e", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\0"]
MORE = [b"\x1f", b"\xc3", b"\xff", b"\xed\xa0\x80", b"t", b"NaN", b"Infinity", b"\\ud800", b"\\x", b",\n"]
GOOD = '[\n{"a":1,"b":"x\\n\\"\u00e9"},\n{"a":-0.5e3,"b":{"c":[null,true,"\U0001f600"]}}\n]\n'.encode()
EDIT = st.tuples(st.integers(0, len(GOOD)), st.integers(0, 2), st.sampled_from([b"", *PIECES, *MORE]))


@given(st.lists(EDIT, min_size=1, max_size=3), SIZE, LENGTH)
@example([(2, 0, b",\n")], 1, LONG)
@example([(2, 0, b",\n")], 1, 1)
def test_json_that_is_none_is_refused(edits: list[tuple[int, int, bytes]], size: int, long: int) -> None:
    text = GOOD
    for place, length, piece in edits:
        text = text[:place] + piece + text[place + length :]
    seen = Seen()
    if accepts(JsonRows(NAMES, seen), cut(text, size), long):
        rows = json.loads(text.decode(), parse_constant=pytest.fail)
        assert len(rows) == len(seen.rows)
        assert all(list(row) == NAMES for row in rows)


@given(st.lists(st.tuples(st.one_of(st.none(), st.text(), st.integers()), st.text())), SIZE, LENGTH)
@example([("\U0001f30a", "[{")], 1, LONG)
def test_json_comes_out_as_it_went_in(rows: list[tuple[object, str]], size: int, long: int) -> None:
    """Also what is beyond the first 65,536 characters, which stands in this JSON as a pair of escapes."""
    lines = [json.dumps(dict(zip(NAMES, row, strict=True))) for row in rows]
    text = "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"
    seen = Seen()
    read_rows(cut(text.encode(), size), JsonRows(NAMES, seen), 10**6, long)
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

        def take_one(self, text: bytes) -> int:
            self.read += len(text)
            return super().take_one(text)

    text = HEADER + b'"a","' + b"x" * 1_000_000 + b'"\r\n'
    counting = Counting(NAMES, Seen())
    read_rows(cut(text, 1000), counting, 10**7)
    assert counting.read < 5 * len(text)


def trace(deed: Callable[[], object]) -> int:
    """Bytes held at most meanwhile."""
    tracemalloc.start()
    try:
        deed()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


MUCH = 4 * 1024**2
BLOCK = 64 * 1024


@pytest.mark.parametrize("cell", [b"[]", b"[0]", b"{}"])
def test_what_a_long_row_in_json_nests_stays_text(cell: bytes) -> None:
    nested = b"[%b0]" % ((cell + b",") * (MUCH // len(cell + b",")))
    text, seen = b'[\n{"a":%b,"b":1},\n{"a":2,"b":"x"}\n]\n' % nested, Seen()
    assert trace(lambda: read_rows(cut(text, BLOCK), JsonRows(NAMES, seen), 10**7)) < 7 * MUCH
    assert [len(first) for first, _second in seen.rows] == [len(nested), 1]
    assert trace(lambda: json.loads(text)) > 15 * MUCH  # the control


def test_of_a_long_row_in_json_few_values_are_made_objects() -> None:
    """Where the fast parser does not help: names with quotes, halves of surrogate pairs."""
    text = b'[\n{"a":[%b0],"b":"\\ud83d"}\n]\n' % (b"[]," * (MUCH // 3))

    def read(*most: int) -> bool:
        return accepts(JsonRows(NAMES, _skip, *most), cut(text, BLOCK))

    assert trace(read) < 7 * MUCH
    assert trace(lambda: read(2**40)) > 20 * MUCH  # the control
    assert read(2**40)
    with pytest.raises(VerificationError, match="more than 500,000 values"):
        read_rows(cut(text, BLOCK), JsonRows(NAMES, _skip), 10**7)


@pytest.mark.parametrize("count", [2, 199, 200, 2000])
def test_names_may_stand_in_any_order(count: int) -> None:
    """Of many columns they are looked up, and not searched for: a table's JSON could name them in reverse."""
    names = [f"c{number}" for number in range(count)]
    row = {name: number for number, name in enumerate(names)}
    ordered, reverse = json.dumps(row), json.dumps(dict(reversed(row.items())))
    other = ordered.replace('"c1":', '"d1":')
    seen = Seen()
    read_rows([f"[\n{ordered},\n{reverse}\n]\n".encode()], JsonRows(names, seen), 10**7)
    assert seen.rows == [(b"0", b"1"), (b"0", b"1")]
    with pytest.raises(VerificationError):
        read_rows([f"[\n{ordered},\n{other}\n]\n".encode()], JsonRows(names, seen), 10**7)


@pytest.mark.parametrize("piece", [b'""', b'xx""', b'""\r\n', b'"",""'])
def test_quotes_of_a_long_row_in_csv_become_no_pieces(piece: bytes) -> None:
    text = HEADER + b'"1","%b"\r\n' % (piece * (MUCH // len(piece)))
    rows: list[int] = []
    reader = CsvRows(NAMES, lambda count, column: rows.append(count * len(column(1)[0])))
    assert trace(lambda: read_rows(cut(text, BLOCK), reader, 10**7)) < 5 * MUCH
    assert rows == [len(piece.replace(b'""', b'"')) * (MUCH // len(piece))]
    assert trace(lambda: text.split(b'"')) > 6 * MUCH  # the control


def test_cells_of_a_long_row_in_csv_are_no_more_than_columns() -> None:
    text = HEADER + b'"x",' * (MUCH // 4) + b'"y"\r\n'
    assert trace(lambda: accepts(CsvRows(NAMES, _skip), cut(text, BLOCK))) < 5 * MUCH
    with pytest.raises(VerificationError, match="row 1 has not 2 cells"):
        read_rows(cut(text, BLOCK), CsvRows(NAMES, _skip), 10**7)


def test_one_rare_sign_does_not_make_a_long_text_four_times_as_long() -> None:
    text = "\U0001f30a".encode() + b" " * MUCH
    assert trace(lambda: check_utf_8(text)) < MUCH / 4
    assert trace(text.decode) > 3 * MUCH  # the control
    with pytest.raises(UnicodeDecodeError):
        check_utf_8(text + b"\xf0\x9f")
    for start in range(4):
        check_utf_8(b" " * (BLOCK - start) + text)


def test_what_came_while_nobody_looked_at_a_long_row_is_read() -> None:
    """Behind it, and many rows of one block."""
    long = "x" * 700_000
    rows = [("1", "a"), ("2", long), *((str(number), "b") for number in range(60_000)), ("3", long), ("4", "c")]
    seen = Seen()
    read_rows(cut(write_csv([NAMES, *rows]), BLOCK), CsvRows(NAMES, seen), 10**7)
    assert [tuple(cell.decode() for cell in row) for row in seen.rows] == rows
    seen = Seen()
    lines = ",\n".join(json.dumps(dict(zip(NAMES, row, strict=True))) for row in rows)
    read_rows(cut(f"[\n{lines}\n]\n".encode(), BLOCK), JsonRows(NAMES, seen), 10**7)
    assert [tuple(cell.decode() for cell in row) for row in seen.rows] == rows


def test_no_more_is_held_than_a_row_may_have() -> None:
    longest = []

    class Noting(CsvRows):
        def take_one(self, text: bytes) -> int:
            longest.append(len(text))
            return super().take_one(text)

    with pytest.raises(VerificationError, match="a row is longer than 1,100,000 bytes"):
        read_rows(itertools.repeat(b'"' + b"x" * BLOCK, 1000), Noting(NAMES, _skip), 1_100_000)
    assert max(longest) < 1_100_000 + 2 * BLOCK
