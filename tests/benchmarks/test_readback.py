"""The benchmark trusts no way: an output that is not the database's rows ends the run."""

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from benchmarks.content import Expected, make_rows
from benchmarks.readback import LostRowsError, check_rows, read_rows
from benchmarks.shapes import CASES, PERSON

NAMES = ("id", "person_id", "created_at", "kind", "place", "body", "amount", "meta")


@pytest.fixture
def expected() -> Expected:
    return Expected()


@pytest.fixture
def rows(expected: Expected) -> list[dict[str, Any]]:
    """The person's rows, as an honest way writes them."""
    made = [row for row in make_rows(CASES["events"], 0, 500, expected) if row[1] == PERSON]
    return [dict(zip(NAMES, map(str, row), strict=True)) for row in made]


def as_array(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows)


def as_arrays(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows[:7], indent=1) + "\n" + json.dumps(rows[7:])


def as_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps({**row, "meta": json.loads(row["meta"])}, ensure_ascii=False) + "\n" for row in rows)


def as_dumpdata(rows: list[dict[str, Any]]) -> str:
    fields = [{**row, "created_at": row["created_at"].replace(" ", "T")[:23]} for row in rows]
    return json.dumps([{"model": "event", "pk": row.pop("id"), "fields": row} for row in fields])


@pytest.mark.parametrize("form", [as_array, as_arrays, as_lines, as_dumpdata])
def test_every_form_of_json_is_read(form: Any, rows: list[dict[str, Any]], expected: Expected, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "event.json.gz", "wt", encoding="utf-8") as file:
        file.write(form(rows))
    check_rows(tmp_path, expected)


def test_csv_is_read(rows: list[dict[str, Any]], expected: Expected, tmp_path: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, NAMES)
    writer.writeheader()
    writer.writerows(rows)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("event.csv", text.getvalue())
    check_rows(tmp_path, expected)


def test_rows_are_read_across_chunks(
    rows: list[dict[str, Any]], expected: Expected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.readback.CHUNK", 7)
    with gzip.open(tmp_path / "event.json.gz", "wt", encoding="utf-8") as file:
        file.write(as_lines(rows))
    check_rows(tmp_path, expected)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.pop(),
        lambda rows: rows.append(rows[0]),
        lambda rows: rows[3].update(body=rows[3]["body"] + "!"),
        lambda rows: rows[3].update(amount="0.01"),
        lambda rows: rows[3].update(created_at="2020-01-01 00:00:00"),
        lambda rows: rows[3].update(meta='{"n": 0}'),
        lambda rows: rows.__setitem__(3, rows[4]),
    ],
)
def test_a_lost_or_changed_row_is_found(
    change: Any, rows: list[dict[str, Any]], expected: Expected, tmp_path: Path
) -> None:
    change(rows)
    with gzip.open(tmp_path / "event.json.gz", "wt", encoding="utf-8") as file:
        file.write(as_lines(rows))
    with pytest.raises(LostRowsError, match="the database"):
        check_rows(tmp_path, expected)


def test_an_output_that_ends_within_a_row_is_found(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    with gzip.open(tmp_path / "event.json.gz", "wt", encoding="utf-8") as file:
        file.write(as_lines(rows)[:-20])
    with pytest.raises(LostRowsError, match="within a row"):
        list(read_rows(tmp_path))
