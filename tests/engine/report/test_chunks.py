import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.engine.register import TableDeclaration
from app.engine.report import Report
from app.engine.shape import Field, Row, TableShape
from app.engine.writers.to_viewer import MOST_BYTES, MOST_ROWS, ViewerWriter, to_script
from tests.engine.report.chunks import read_chunks
from tests.engine.report.sample import ENTRY, make_edition, make_entries

NOTE = TableShape(
    "note",
    TableDeclaration("owned", ("author_id",), title="Notes"),
    (Field("id", "Id", "id"), Field("text", "Text", "longtext")),
    ("id",),
)


def put_into(folder: Path) -> Callable[[str, bytes], None]:
    """Stores chunks without the folder `viewer`; twice the same name is an error."""
    folder.mkdir(exist_ok=True)

    def put_chunk(name: str, content: bytes) -> None:
        with (folder / name.removeprefix("viewer/")).open("xb") as chunk:
            chunk.write(content)

    return put_chunk


def write(folder: Path, shape: TableShape, rows: list[Row], batch: int = 1000) -> list[int]:
    writer = ViewerWriter(shape, put_into(folder))
    for start in range(0, len(rows), batch):
        writer.write(rows[start : start + batch])
    writer.flush()
    return writer.starts


def test_a_chunk_holds_so_many_rows_and_no_more(tmp_path: Path) -> None:
    rows: list[Row] = [(number, "short") for number in range(2 * MOST_ROWS + 1)]
    starts = write(tmp_path, NOTE, rows)
    chunks = read_chunks(tmp_path, "note")
    assert starts == [0, MOST_ROWS, 2 * MOST_ROWS]
    assert [len(chunk) for chunk in chunks] == [MOST_ROWS, MOST_ROWS, 1]
    assert [tuple(row) for chunk in chunks for row in chunk] == rows


def test_a_chunk_holds_so_many_bytes_and_no_more(tmp_path: Path) -> None:
    rows: list[Row] = [(number, "ä" * 5000) for number in range(200)]
    starts = write(tmp_path, NOTE, rows)
    chunks = read_chunks(tmp_path, "note")
    assert all(path.stat().st_size <= MOST_BYTES + 100 for path in tmp_path.iterdir())
    assert starts == [sum(len(chunk) for chunk in chunks[:number]) for number in range(len(chunks))]
    assert [tuple(row) for chunk in chunks for row in chunk] == rows


def test_a_row_larger_than_a_chunk_has_one_to_itself(tmp_path: Path) -> None:
    rows: list[Row] = [(1, "before"), (2, "x" * (MOST_BYTES + 1)), (3, "after")]
    assert write(tmp_path, NOTE, rows) == [0, 1, 2]


@pytest.mark.parametrize("batch", [1, 7, 64, 999, 5000])
def test_batches_leave_no_trace(tmp_path: Path, batch: int) -> None:
    rows = make_entries(3000)
    write(tmp_path / "one", ENTRY, rows)
    write(tmp_path / "other", ENTRY, rows, batch)
    one, other = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "other"))
    assert one == other


def test_no_rows_make_no_chunk(tmp_path: Path) -> None:
    assert write(tmp_path, NOTE, []) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["</script><script>", "<!--", "\u2028 \u2029", "Đà Lạt 🏔", '"\\\n', "\ud800"])
def test_script_text_is_safe_and_whole(text: str) -> None:
    script = to_script([text])
    assert b"<" not in script
    assert not {"\u2028", "\u2029"} & set(script.decode())
    assert json.loads(script) == [text]


def test_plain_json_would_not_be_safe() -> None:
    assert "</script>" in json.dumps("</script>")


def test_json_keeps_its_digits_and_bytes_are_counted(tmp_path: Path) -> None:
    fields = (Field("id", "Id", "id"), Field("a", "A", "json"), Field("b", "B", "bytes"))
    shape = TableShape("note", NOTE.declaration, fields, ("id",))
    given: list[Row] = [(1, '{"__proto__": 12345678901234567890}', "AAECAw=="), (2, None, None), (3, "[]", "")]
    write(tmp_path, shape, given)
    assert read_chunks(tmp_path, "note") == [
        [[1, '{"__proto__": 12345678901234567890}', 4], [2, None, None], [3, "[]", 0]]
    ]


def _batches(count: int) -> Iterator[list[Row]]:
    for batch in range(count):
        yield [(f"{batch}-{row}", "text " * 40) for row in range(500)]


def _peak(folder: Path, batches: int) -> int:
    put_chunk = put_into(folder)
    tracemalloc.start()
    table = Report(make_edition(), put_chunk).table(NOTE)
    for rows in _batches(batches):
        table.write(rows)
    table.flush()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_is_that_of_one_chunk_however_many_rows(tmp_path: Path) -> None:
    _peak(tmp_path / "warm", 5)
    few, many = _peak(tmp_path / "few", 20), _peak(tmp_path / "many", 80)
    assert many < few * 1.2
    assert many < 6 * MOST_BYTES
