"""Values that a browser stumbles over: each is shown, and what cannot be shown whole says so."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.engine.shape import Field, Reference, Row, TableShape
from tests.browser import NewPage
from tests.engine.report.sample import ACCOUNT, declare, make_edition, write_report
from tests.engine.report.test_viewer import expect_status, open_page, search_box

pytestmark = pytest.mark.browser


def write_column(folder: Path, field: Field, values: list[object], **person: str) -> Path:
    """A table of a number and this column."""
    shape = TableShape("odd", declare("Odd things"), (Field("id", "Id", "id"), field), ("id",))
    rows: list[Row] = list(enumerate(values, 1))
    return write_report(folder, [(shape, rows)], edition=make_edition(**person))


def cells(page: Page, kind: str) -> list[str]:
    return page.locator(f"tbody .t-{kind}").all_text_contents()


def in_both(folder: Path, new_page: NewPage, kind: str) -> tuple[list[str], list[str]]:
    """What the page says without JavaScript, and what it says with it."""
    plain, scripted = (
        open_page(new_page(java_script_enabled=on, timezone_id="Asia/Tokyo"), folder, "odd.html")
        for on in (False, True)
    )
    expect(scripted.locator("tbody button").first).to_be_visible()
    return cells(plain, kind), cells(scripted, kind)


TEXTS = ["2026-12-31 or so", "2026-12-31T25:00:00+00:00", "note 1", "some day", "2026-02-30"]
"""SQLite lets any text stand in a column of moments. Browsers make 2001 of the third, and March of the last."""


@pytest.mark.parametrize("kind", ["moment", "date"])
def test_a_text_among_moments_is_shown_as_it_is(tmp_path: Path, new_page: NewPage, kind: str) -> None:
    values: list[object] = [*TEXTS, 5, "2025-02-01"]
    folder = write_column(tmp_path / "archive", Field("at", "At", kind), values)  # type: ignore[arg-type]  # no literal
    plain, scripted = in_both(folder, new_page, kind)
    assert plain == scripted == [*TEXTS, "5", "1 Feb 2025, 00:00" if kind == "moment" else "1 Feb 2025"]


def test_a_year_and_an_order_leave_such_a_text_its_place(tmp_path: Path, new_page: NewPage) -> None:
    folder = write_column(tmp_path / "archive", Field("at", "At", "moment"), [*TEXTS, "2025-12-31T23:30:00+00:00"])
    page = open_page(new_page(), folder, "odd.html")
    expect_status(page, "Rows 1–6 of 6")
    page.get_by_label("Year").select_option("2026")
    expect_status(page, "Rows 1–3 of 3 found (6 in all)")
    assert cells(page, "moment") == [*TEXTS[:2], TEXTS[-1]]
    page.get_by_label("Year").select_option("")
    page.get_by_role("button", name="At", exact=True).click()
    expect(page.get_by_role("columnheader", name="At")).to_have_attribute("aria-sort", "ascending")
    assert sorted(cells(page, "moment")) == sorted([*TEXTS, "31 Dec 2025, 23:30"])


def test_moments_without_a_zone_are_those_of_utc(tmp_path: Path, new_page: NewPage) -> None:
    values: list[object] = ["2026-01-01 02:00", "2026-01-01T02:00:00.5", "2026-01-01T02:00:00Z", "2026-01-01"]
    folder = write_column(tmp_path / "archive", Field("at", "At", "moment"), values, time_zone="America/New_York")
    plain, scripted = in_both(folder, new_page, "moment")
    assert plain == scripted == ["31 Dec 2025, 21:00"] * 3 + ["31 Dec 2025, 19:00"]


def test_small_numbers_keep_their_digits(tmp_path: Path, new_page: NewPage) -> None:
    values: list[object] = [1e-25, -1.234567890123456e-10, 0.1, 0, 2**53, 1234567.125]
    folder = write_column(tmp_path / "archive", Field("ratio", "Ratio", "number"), values)
    plain, scripted = in_both(folder, new_page, "number")
    assert scripted == plain
    assert scripted[:2] == [f"0.{'0' * 24}1", "-0.0000000001234567890123456"]
    assert scripted[2:] == ["0.1", "0", "9,007,199,254,740,992", "1,234,567.125"]


def test_a_key_that_is_a_number_is_shown_once(tmp_path: Path, new_page: NewPage) -> None:
    folder = write_column(tmp_path / "archive", Field("text", "Text", "text"), ["one"])
    page = new_page()
    open_only_row(page, folder)
    expect(page.get_by_role("dialog").locator("dd").first).to_have_text("1")


def open_only_row(page: Page, folder: Path) -> Locator:
    page.goto((folder / "odd.html").as_uri() + "#row=1", timeout=60_000)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible(timeout=60_000)
    return dialog.locator("dd").last


@pytest.mark.parametrize(("kind", "length"), [("json", 9_000_000), ("longtext", 1_500_000)])
def test_of_a_very_long_text_the_beginning_is_shown(tmp_path: Path, new_page: NewPage, kind: str, length: int) -> None:
    """Of the first, the browser's regular expressions would find no end."""
    text = "word " * (length // 5)
    value = json.dumps({"a": text}) if kind == "json" else text
    folder = write_column(tmp_path / "archive", Field("text", "Text", kind), [value])  # type: ignore[arg-type]  # no literal
    page = new_page()
    shown = open_only_row(page, folder)
    said = f"The first 1,000,000 of {len(value):,} characters. All of them are in the JSON file."
    expect(shown.locator("p")).to_have_text(said)
    assert 1_000_000 < len(shown.text_content() or "") < 1_000_200
    page.keyboard.press("Escape")
    search_box(page).fill("word")
    expect(page.locator("tbody mark").first).to_be_visible(timeout=60_000)


def test_a_text_that_is_not_so_long_is_shown_whole(tmp_path: Path, new_page: NewPage) -> None:
    """The control: and of JSON that is cut off, the rest is indented as ever."""
    value = json.dumps({"a": "x" * 999_000, "b": [1, "{,}"]})
    folder = write_column(tmp_path / "archive", Field("text", "Text", "json"), [value])
    shown = open_only_row(new_page(), folder)
    expect(shown.locator("p")).to_have_count(0)
    assert (shown.text_content() or "").endswith('",\n  "b": [\n    1,\n    "{,}"\n  ]\n}')


def replace_in_manifest(folder: Path, old: str, new: str) -> None:
    manifest = folder / "viewer" / "manifest.js"
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")


def write_moment(folder: Path) -> Path:
    """A moment as a Frenchman in New York reads it: 1 juil. 2026, 08:00."""
    person = {"locale": "fr", "time_zone": "America/New_York"}
    return write_column(folder, Field("at", "At", "moment"), ["2026-07-01T12:00:00+00:00"], **person)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("", "", "1 juil. 2026, 08:00"),
        ("America/New_York", "Mars/Olympus", "1 juil. 2026, 12:00"),
        ('"fr"', '"-"', "Jul 1, 2026, 8:00 AM"),
    ],
)
def test_an_unknown_zone_leaves_the_language_alone(
    tmp_path: Path, new_page: NewPage, old: str, new: str, shown: str
) -> None:
    folder = write_moment(tmp_path / "archive")
    replace_in_manifest(folder, old, new)
    page = open_page(new_page(), folder, "odd.html")
    expect(page.locator("tbody .t-moment button")).to_have_text(shown)


def test_what_does_not_work_is_not_called_a_damaged_file(tmp_path: Path, new_page: NewPage) -> None:
    """A fault of ours, or of an old browser. Of a file that is gone the tests of the viewer tell."""
    folder = write_column(tmp_path / "archive", Field("word", "Word", "text"), ["b", "a"])
    page = open_page(new_page(), folder, "odd.html")
    page.evaluate("Object.defineProperty(Intl.Collator.prototype, 'compare', {get() {throw new Error('no order')}})")
    page.get_by_role("button", name="Word", exact=True).click()
    expect_status(page, "This page does not work here: no order")


def test_you_are_known_by_a_number_too(tmp_path: Path, new_page: NewPage) -> None:
    field = Field("owner", "owner", "id")
    shape = TableShape(
        "odd", declare("Odd"), (Field("id", "Id", "id"), field), ("id",), (Reference("owner", "user", "id"),)
    )
    tables: list[tuple[TableShape, list[Row]]] = [(ACCOUNT, [(7, None, "Ann", None)]), (shape, [(7, 7), (8, 9)])]
    folder = write_report(tmp_path / "archive", tables, edition=make_edition(id="7"))
    for on in (False, True):
        page = open_page(new_page(java_script_enabled=on), folder, "odd.html")
        assert page.locator("tbody tr > *").all_text_contents() == ["7", "You", "8", "9"]


def test_you_stands_only_where_a_key_leads_to_you(tmp_path: Path, new_page: NewPage) -> None:
    """Ann's key is a word that keys of other tables may be."""
    fields = tuple(Field(name, name, "id") for name in ("name", "owner", "customer", "parent"))
    to = (("owner", "user", "id"), ("customer", "customer", "id"), ("parent", "odd", "name"))
    odd = TableShape("odd", declare("Odd things"), fields, ("name",), tuple(Reference(*each) for each in to))
    key, to_person = (Field("id", "Id", "id"),), (Reference("id", "user", "id"),)
    customer = replace(odd, name="customer", fields=key, key=("id",), references=to_person)
    account: Row = ("ann", None, "Ann", None)
    tables: list[tuple[TableShape, list[Row]]] = [(ACCOUNT, [account]), (customer, [("ann",)]), (odd, [("ann",) * 4])]
    folder = write_report(tmp_path / "archive", tables, edition=make_edition(id="ann"))
    for on in (False, True):
        page = new_page(java_script_enabled=on)
        for name, shown in (("odd", ["ann", "You", "You", "ann"]), ("customer", ["You"])):
            open_page(page, folder, f"{name}.html")
            assert page.locator("tbody tr > *").all_text_contents() == shown
        open_page(page, folder, "user.html")
        assert "You" in page.locator("tbody tr > *").all_text_contents()
    whole = replace(odd, references=())
    bare = write_report(tmp_path / "bare", [(whole, [("ann",) * 4])], edition=make_edition(id="ann"))
    open_page(page, bare, "odd.html")
    assert page.locator("tbody tr > *").all_text_contents() == ["ann"] * 4
