import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.engine.names import file_name
from app.engine.report import ASSETS, Report
from app.engine.report.cells import link_file
from app.engine.report.chart import MOST_BARS, WIDTH, draw_bars
from app.engine.report.formats import Formats
from app.engine.report.icons import UNKNOWN, draw_icon
from app.engine.report.tables import SHOWN, TableReport
from app.engine.shape import Coverage, Field, Row, TableShape
from tests.engine.report.chunks import read_manifest
from tests.engine.report.sample import (
    ANN,
    COMMENT,
    ENTRY,
    GAPS,
    LINK,
    declare,
    make_comments,
    make_edition,
    make_entries,
    make_id,
    write_report,
    write_sample,
)

HREF = re.compile(r'(?:href|src)="([^"]+)"')


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample") / "archive", entries=60)


def read(folder: Path, page: str) -> str:
    return (folder / page).read_text(encoding="utf-8")


def test_the_folder_has_a_page_for_each_table_with_rows(sample: Path) -> None:
    found = {path.name for path in sample.iterdir() if path.is_file()}
    tables = {"user.html", "entry.html", "comment.html", "attachment.html", "entry_tag.html", "tag.html"}
    assert found == {"index.html", "coverage.html", "about.html", "README.txt"} | tables


def test_the_assets_are_the_very_files(sample: Path) -> None:
    for asset in ASSETS.iterdir():
        assert (sample / "viewer" / asset.name).read_bytes() == asset.read_bytes()


def test_every_link_leads_to_a_file(sample: Path) -> None:
    for page in sample.glob("*.html"):
        for target in HREF.findall(read(sample, page.name)):
            path, _, anchor = target.partition("#")
            if path.startswith(("data/json/", "data/csv/")):
                continue  # written by other writers, under the same names
            assert (sample / (path or page.name)).is_file(), f"{page.name}: {target}"
            if anchor:
                assert f'id="{anchor}"' in read(sample, path or page.name)


def test_pages_reach_for_nothing_outside(sample: Path) -> None:
    for page in sample.glob("*.html"):
        text = read(sample, page.name)
        assert "default-src 'none'" in text
        assert not re.search(r'(href|src|action)="(https?:)?//', text)
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", text)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (write_sample(tmp_path / name / "archive", entries=300) for name in ("one", "other"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    for path in files:
        assert (one / path).read_bytes() == (other / path).read_bytes(), path


def test_the_overview_counts(sample: Path) -> None:
    text = read(sample, "index.html")
    assert "<dt>categories</dt><dd>6</dd>" in text
    assert "<dt>items</dt><dd>222</dd>" in text
    assert "<dt>pictures and files</dt><dd>3</dd>" in text
    assert "<dt>first item</dt><dd>1660</dd>" in text
    assert "No data of yours in: Sign-ins." in text
    assert "1 item could not be read." in text
    assert "on <time" in text
    assert "19 November 2026 at 01:51 (GMT)" in text


def test_the_page_itself_has_the_first_rows_only(sample: Path) -> None:
    text = read(sample, "entry.html")
    assert text.count("<tr>") == 1 + SHOWN
    assert "Day 50 in" in text
    assert "Day 51 in" not in text


def test_coverage_lists_every_table_and_why(sample: Path) -> None:
    text = read(sample, "coverage.html")
    for expected in ("Sign-ins", "None of yours", "pulse", "machinery, about nobody", "password_hash", "lost.jpg"):
        assert expected in text
    assert "sign_in.html" not in text


def test_the_readme_says_what_is_missing(sample: Path) -> None:
    text = read(sample, "README.txt")
    assert "Ann's data, from Satchel" in text
    assert "1 item could not be read" in text
    assert "<" not in text


def test_an_archive_without_pages_has_a_readme_that_names_none() -> None:
    stored: dict[str, bytes] = {}
    report = Report(make_edition(), stored.__setitem__)
    report.table(COMMENT)
    ((name, content),) = report.render(2, ["one", "two"], [], GAPS, ("json",), has_pages=False)
    text = content.decode()
    assert (name, stored) == ("README.txt", {})
    assert "This is part 2 of 2." in text
    assert "data/json/" in text
    assert "1 item could not be read. data/coverage.json lists them." in text
    assert "Open the files of data/json in a text editor" in text
    assert not re.search(r"html|viewer|browser|csv", text)
    ((_, content),) = report.render(2, ["one", "two"], [], GAPS, ("json", "csv"), has_pages=False)
    assert "Open the files of data/csv in a program for spreadsheets." in content.decode()


def test_the_readme_cannot_be_given_lines(tmp_path: Path) -> None:
    edition = make_edition(name="Ann\nOpen evil.exe first")
    folder = write_report(tmp_path / "archive", [], edition=edition, coverage=[])
    assert "Ann Open evil.exe first's data" in read(folder, "README.txt")


def test_a_table_cannot_take_the_place_of_a_page(tmp_path: Path) -> None:
    tables = [
        (replace(ENTRY, name=name), make_entries(1)) for name in ("index", "about", "coverage", "../up", "__proto__")
    ]
    folder = write_report(tmp_path / "archive", tables)
    assert "A copy of everything" in read(folder, "index.html")
    assert "RFC 8493" in read(folder, "about.html")
    assert "Tables of the database" in read(folder, "coverage.html")
    assert {path.name for path in tmp_path.iterdir()} == {"archive"}
    for shape, _ in tables:
        assert (folder / f"{file_name(shape.name)}.html").is_file()
    assert [table["name"] for table in read_manifest(folder / "viewer")["tables"]] == [
        shape.name for shape, _ in tables
    ]


def test_an_archive_of_nothing_is_an_archive(tmp_path: Path) -> None:
    excluded = Coverage("pulse", "", "excluded", 0, "About nobody.", ())
    folder = write_report(tmp_path / "archive", [(LINK, [])], coverage=[excluded])
    assert "The site held nothing about you." in read(folder, "index.html")


def test_only_formats_that_are_there_are_linked(tmp_path: Path) -> None:
    folder = write_report(tmp_path / "archive", [(COMMENT, make_comments(1))], gaps=GAPS, data_formats=("json",))
    for page in ("index.html", "comment.html", "about.html", "README.txt"):
        assert "csv" not in read(folder, page)
    assert 'href="data/json/comment.json"' in read(folder, "comment.html")


def test_what_excel_cannot_take_is_said(tmp_path: Path) -> None:
    said = "Excel takes at most 1,048,576 rows of a file and 32,767 characters of a cell"
    for formats, count in (("json", "csv"), 1), (("json",), 0):
        folder = write_report(tmp_path / formats[-1], [(COMMENT, make_comments(1))], data_formats=formats)
        for page in ("about.html", "README.txt"):
            assert read(folder, page).count(said) == count


def test_half_a_surrogate_pair_does_not_cost_the_archive(tmp_path: Path) -> None:
    shape = TableShape("note", declare("Notes"), (Field("text", "Text", "text"),), ())
    folder = write_report(tmp_path / "archive", [(shape, [("a\ud800b",)])])
    assert "a?b" in read(folder, "note.html")
    assert b'["a\\ud800b"]' in (folder / "viewer" / "note.0000.js").read_bytes()


def make_table(shape: TableShape, rows: list[Row]) -> TableReport:
    stored: dict[str, bytes] = {}
    table = Report(make_edition(), stored.__setitem__).table(shape)
    table.write(rows)
    table.flush()
    return table


def test_ids_stand_last_and_are_hidden() -> None:
    table = make_table(ENTRY, make_entries(3))
    names = [ENTRY.fields[position].name for position in table.columns]
    assert names[:3] + names[-3:] == ["date", "title", "body", "visibility", "id", "author_id"]
    assert len(names) == len(ENTRY.fields)
    assert {ENTRY.fields[position].name for position in table.hidden} == {"id", "author_id"}


def test_a_pointer_that_names_people_is_shown() -> None:
    table = make_table(COMMENT, make_comments(3))
    assert [COMMENT.fields[position].name for position in table.columns][:3] == ["created_at", "author_id", "body"]


def test_a_table_of_ids_shows_them() -> None:
    table = make_table(LINK, [(make_id(1), make_id(2))])
    assert table.has_only_ids
    assert not table.hidden


@pytest.mark.parametrize(
    ("value", "zone", "year"),
    [
        ("2025-12-31T23:30:00+00:00", "Asia/Ho_Chi_Minh", 2026),
        ("2025-12-31T23:30:00+00:00", "Europe/London", 2025),
        ("2026-01-01T02:00:00+00:00", "America/New_York", 2025),
        ("1660-01-01", "America/New_York", 1660),
        ("some day", "UTC", None),
        (None, "UTC", None),
    ],
)
def test_the_year_is_that_of_the_person(value: str | None, zone: str, year: int | None) -> None:
    assert Formats("en", zone).year(value) == year


def test_values_read_as_the_person_writes_them() -> None:
    formats = Formats("en_GB", "Asia/Ho_Chi_Minh")
    assert formats.moment("2026-11-19T01:51:00+00:00") == "19 Nov 2026, 08:51"
    assert formats.date("1660-01-16") == "16 Jan 1660"
    assert formats.number(1234567) == "1,234,567"
    assert formats.number("12345678901234567890.10") == "12345678901234567890.10"
    assert Formats("de", "UTC").number(1234.5) == "1.234,5"


@pytest.mark.parametrize(("locale", "zone"), [("xx", "Nowhere/At_All"), ("../x", "../../etc/passwd"), ("", "")])
def test_an_unknown_locale_or_zone_reads_as_english_utc(locale: str, zone: str) -> None:
    formats = Formats(locale, zone)
    assert formats.language_tag == "en"
    assert formats.browser_zone == "UTC"
    assert formats.day(datetime(2026, 11, 19, tzinfo=UTC)) == "November 19, 2026"


@pytest.mark.parametrize("value", ["yesterday", "9999-99-99", "0001-01-01T00:00:00+14:00", "2026-01-01T25:00"])
def test_what_is_no_date_is_shown_as_it_is(value: str) -> None:
    formats = Formats("en", "America/New_York")
    assert formats.moment(value) == value
    assert formats.year(value) in {None, int(value[:4]) if value[:4].isdigit() else None}


def test_files_that_a_browser_would_run_are_not_linked() -> None:
    assert link_file("media/000001.jpg") == "data/media/000001.jpg"
    assert link_file("media/a b#.pdf") == "data/media/a%20b%23.pdf"
    for path in ("media/1.html", "media/1.SVG", "../1.jpg", "//host/1.jpg", "media/../../1.jpg", ""):
        assert link_file(path) == ""


@pytest.mark.parametrize(
    ("years", "first", "second"),
    [
        (range(1660, 1670), "1660", "1661"),
        (range(1900, 2020), "1900s", "1910s"),
        (range(1000, 2000), "1000s", "1100s"),
    ],
)
def test_many_years_become_decades_or_centuries(years: range, first: str, second: str) -> None:
    bars = draw_bars(Counter(years))
    assert [bar.label for bar in bars[:2]] == [first, second]
    assert len(bars) <= MOST_BARS
    assert sum(bar.count for bar in bars) == len(years)
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in bars)


def test_no_years_no_bars() -> None:
    assert draw_bars(Counter()) == []


def test_an_unknown_icon_is_a_page_of_text() -> None:
    assert draw_icon("no-such-icon") == draw_icon(UNKNOWN)


def test_the_person_is_called_you(sample: Path) -> None:
    assert ">You</td>" in read(sample, "entry.html")
    assert ANN not in re.sub(r"<[^>]*>", "", read(sample, "comment.html"))
