"""The report in a real browser, from `file://`, as a double click opens it."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import NewPage
from tests.engine.report.chunks import read_chunks
from tests.engine.report.sample import write_sample

pytestmark = pytest.mark.browser

ENTRIES = 5000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample") / "archive", ENTRIES)


@pytest.fixture
def entries(sample: Path, new_page: NewPage) -> Page:
    return open_page(new_page(), sample, "entry.html")


def open_page(page: Page, folder: Path, name: str) -> Page:
    page.goto((folder / name).as_uri())
    return page


def expect_status(page: Page, text: str) -> None:
    expect(page.get_by_role("status")).to_have_text(text)


def search_box(page: Page) -> Locator:
    return page.get_by_role("searchbox")


def openers(page: Page) -> list[str]:
    return page.locator("tbody th").all_text_contents()


def column(page: Page, name: str) -> list[str]:
    heads = [text.rstrip("▲▼") for text in page.locator("thead th").all_text_contents()]
    return page.locator(f"tbody tr > :nth-child({heads.index(name) + 1})").all_text_contents()


def test_it_opens_with_style_and_leads_to_the_tables(sample: Path, new_page: NewPage) -> None:
    page = open_page(new_page(), sample, "index.html")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ann’s data")
    expect(page.locator(".unzip")).to_be_hidden()
    page.get_by_role("main").get_by_role("link", name="Entries", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Entries")
    expect_status(page, "Rows 1–50 of 5,000")


def test_the_first_page_reads_no_more_than_two_chunks(sample: Path, new_page: NewPage) -> None:
    page, read = new_page(), []
    page.on("request", lambda request: read.append(request.url))
    open_page(page, sample, "entry.html")
    expect(page.locator("tbody button")).to_have_count(50)
    assert 1 <= len([url for url in read if re.search(r"entry\.\d{4}\.js", url)]) <= 2
    assert len(read_chunks(sample / "viewer", "entry")) > 4


def test_every_page_can_be_reached_and_shows_its_rows(sample: Path, entries: Page) -> None:
    expect_status(entries, "Rows 1–50 of 5,000")
    entries.get_by_role("button", name="Last").click()
    expect_status(entries, "Rows 4,951–5,000 of 5,000")
    expect(entries.get_by_text("Day 5000 in", exact=False).first).to_be_visible()
    entries.get_by_label("Page", exact=True).fill("40")
    entries.get_by_label("Page", exact=True).press("Enter")
    expect_status(entries, "Rows 1,951–2,000 of 5,000")
    assert column(entries, "Title")[0].startswith("Day 1951 ")
    entries.get_by_role("button", name="Next").click()
    expect_status(entries, "Rows 2,001–2,050 of 5,000")
    entries.get_by_label("Rows a page").select_option("100")
    expect_status(entries, "Rows 2,001–2,100 of 5,000")


def test_the_pager_keeps_the_focus_at_both_ends(entries: Page) -> None:
    """A button that leads no further is disabled, and the focus would fall to the top of the page."""
    expect_status(entries, "Rows 1–50 of 5,000")
    for name, status, beside in (("Last", "Rows 4,951–5,000", "Previous"), ("First", "Rows 1–50", "Next")):
        button = entries.locator("#pager").get_by_role("button", name=name)
        button.focus()
        entries.keyboard.press("Enter")
        expect(button).to_be_disabled()
        expect_status(entries, f"{status} of 5,000")
        expect(entries.locator("#pager").get_by_role("button", name=beside)).to_be_focused()
    entries.keyboard.press("Enter")
    expect_status(entries, "Rows 51–100 of 5,000")
    expect(entries.locator("#pager").get_by_role("button", name="Next")).to_be_focused()


@pytest.mark.parametrize("name", ["Next", "Last"])
def test_the_pager_stays_in_sight(entries: Page, name: str) -> None:
    expect_status(entries, "Rows 1–50 of 5,000")
    entries.locator("#pager").get_by_role("button", name=name).press("Enter")
    expect(entries.get_by_role("status")).not_to_have_text("Rows 1–50 of 5,000")
    entries.wait_for_timeout(200)  # it scrolls after it says what it shows
    expect(entries.locator("#pager button:focus")).to_be_in_viewport(ratio=0.9)


def test_search_needs_neither_case_nor_diacritics(entries: Page) -> None:
    search_box(entries).fill("da lat 4998")
    expect_status(entries, "Rows 1–1 of 1 found (5,000 in all)")
    assert column(entries, "Title") == ["Day 4998 in Đà Lạt"]
    assert set(entries.locator("tbody mark").all_text_contents()) >= {"Đà", "Lạt", "4998"}
    for query, city in (("LODZ 3", "Łódź"), ("aero 4", "Ærø"), ("zurich 2", "Zürich")):
        search_box(entries).fill(query)
        expect(entries.locator("tbody tr").first).to_contain_text(city)


def test_all_words_must_match(entries: Page) -> None:
    search_box(entries).fill("beef 1666-01-01")
    expect_status(entries, "Rows 1–1 of 1 found (5,000 in all)")
    assert openers(entries) == ["1 Jan 1666"]
    search_box(entries).fill("beef submarine")
    expect_status(entries, "Nothing found for “beef submarine”. Check the spelling, or try fewer words.")


def test_numbers_sort_by_every_digit_and_empty_last(entries: Page) -> None:
    entries.get_by_role("button", name="Score").click()
    expect(entries.get_by_role("columnheader", name="Score")).to_have_attribute("aria-sort", "ascending")
    scores = [int(text) for text in column(entries, "Score")]
    assert scores == sorted(scores)
    assert len({float(score) for score in scores}) < len(set(scores)), "as floating point they would not sort"
    entries.get_by_role("button", name="Date").click()
    expect(entries.get_by_role("columnheader", name="Date")).to_have_attribute("aria-sort", "ascending")
    entries.get_by_role("button", name="Last").click()
    expect_status(entries, "Rows 4,951–5,000 of 5,000")
    assert openers(entries) == ["Details"] * 50


def test_codes_are_searched_and_sorted_as_they_read(entries: Page) -> None:
    search_box(entries).fill("only you 4996")
    expect_status(entries, "Rows 1–2 of 2 found (5,000 in all)")  # a day and a score
    assert column(entries, "Visibility") == ["Only you"] * 2
    search_box(entries).fill("")
    entries.get_by_role("button", name="Visibility").click()
    expect(entries.locator("tbody tr").first).to_contain_text("Every member of this site")


def test_a_third_click_restores_the_order_of_the_archive(entries: Page) -> None:
    head = entries.get_by_role("columnheader", name="Date")
    for expected in ("ascending", "descending"):
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", expected)
    assert openers(entries)[0] == "9 Sept 1673"
    head.get_by_role("button").click()
    expect(head).not_to_have_attribute("aria-sort", re.compile(""))
    assert openers(entries)[0] == "2 Jan 1660"


def test_a_year_shows_its_rows(entries: Page) -> None:
    entries.get_by_label("Year").select_option("1666")
    expect(entries.get_by_role("status")).to_contain_text("found (5,000 in all)")
    assert {text[-4:] for text in openers(entries)} == {"1666"}
    search_box(entries).fill("submarine")
    expect(entries.get_by_role("status")).to_contain_text("in 1666. Choose all years")


def test_back_forward_and_reload_keep_what_was_asked(entries: Page) -> None:
    search_box(entries).fill("lodz")
    expect(entries.get_by_role("status")).to_contain_text("found")
    entries.get_by_role("button", name="Title").click()
    expect(entries.get_by_role("columnheader", name="Title")).to_have_attribute("aria-sort", "ascending")
    found = entries.get_by_role("status").text_content()
    entries.reload()
    expect_status(entries, found or "")
    expect(search_box(entries)).to_have_value("lodz")
    expect(entries.get_by_role("columnheader", name="Title")).to_have_attribute("aria-sort", "ascending")
    entries.go_back()
    expect(entries.get_by_role("columnheader", name="Title")).not_to_have_attribute("aria-sort", re.compile(""))
    entries.go_back()
    expect_status(entries, "Rows 1–50 of 5,000")
    expect(search_box(entries)).to_have_value("")
    entries.go_forward()
    expect(search_box(entries)).to_have_value("lodz")


def test_an_address_changes_no_prototype(sample: Path, new_page: NewPage) -> None:
    inherited = "(() => { const names = []; for (const name in {}) names.push(name); return names; })()"
    given = "__proto__=evil&__proto__[evil]=1&constructor[prototype][evil]=1&q=sea&evil=1"
    page = new_page()
    page.goto(f"{(sample / 'entry.html').as_uri()}#{given}")
    expect(search_box(page)).to_have_value("sea")
    assert page.evaluate(inherited) == []
    page.evaluate("Object.prototype.evil = 1")  # the control
    assert page.evaluate(inherited) == ["evil"]


def test_a_row_has_a_view_of_its_own(entries: Page) -> None:
    entries.get_by_role("button", name="6 Jan 1660", exact=True).click()
    expect(entries.get_by_role("dialog", name="6 Jan 1660")).to_be_visible()
    dialog = entries.get_by_role("dialog")
    expect(dialog).to_contain_text("Row 5 of 5,000")
    expect(dialog).to_contain_text("0193a1b2-0000-7000-8000-000000000005")
    expect(dialog).to_contain_text("Written in Đà Lạt.")
    assert '{\n  "mood": "tired",\n  "steps": 5\n}' in dialog.locator("dl").inner_text()
    dialog.get_by_role("button", name="Next").click()
    expect(dialog).to_contain_text("Day 6 in")
    entries.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(entries.get_by_role("button", name="7 Jan 1660", exact=True)).to_be_focused()


def test_the_view_of_a_row_walks_on_into_chunks_not_yet_read(sample: Path, entries: Page) -> None:
    last = len(read_chunks(sample / "viewer", "entry")[0])
    entries.goto((sample / "entry.html").as_uri() + f"#page={-(-last // 50)}")
    entries.get_by_role("button", name="Next").is_enabled()
    place = entries.locator("tbody button").nth((last - 1) % 50)
    place.click()
    dialog = entries.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Day {last} in")
    dialog.get_by_role("button", name="Next").click()
    expect(dialog).to_contain_text(f"Day {last + 1} in")


def test_pictures_are_shown_and_programs_not_linked(sample: Path, new_page: NewPage) -> None:
    page = open_page(new_page(), sample, "attachment.html")
    picture = page.get_by_role("img", name="A sun over the sea")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    page.get_by_role("button", name="Harbour at dusk.png").click()
    expect(page.get_by_role("dialog").get_by_role("img", name="A sun over the sea")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="media/000002.txt")).to_have_attribute("href", "data/media/000002.txt")
    expect(page.get_by_role("link", name="media/000003.html")).to_have_count(0)
    page.get_by_role("button", name="page.html").click()
    expect(page.get_by_role("dialog")).to_contain_text("open it only if you trust it")


def test_other_people_are_named_and_you_are_you(sample: Path, new_page: NewPage) -> None:
    page = open_page(new_page(), sample, "comment.html")
    expect(page.locator("tbody button")).to_have_count(50)
    assert set(column(page, "Author")) == {"You", "Phil Gyford", "Grace", "User 3"}


def test_the_rows_in_the_page_are_those_that_the_script_draws(sample: Path, new_page: NewPage) -> None:
    plain, scripted = new_page(java_script_enabled=False), new_page()
    for name in ("user.html", "entry.html", "comment.html", "attachment.html", "entry_tag.html"):
        open_page(plain, sample, name)
        open_page(scripted, sample, name)
        expect(scripted.locator("tbody button").first).to_be_visible()
        texts = [
            [" ".join(text.split()) or "Details" for text in page.locator("tbody tr > *").all_text_contents()]
            for page in (plain, scripted)
        ]
        assert len(texts[0]) == len(texts[1])
        for written, drawn in zip(*texts, strict=True):
            assert written.startswith(drawn.removesuffix("…")), name
        for page in (plain, scripted):
            said = [each.get_attribute("alt") for each in page.locator("tbody img").all()]
            assert said == (["A sun over the sea"] if name == "attachment.html" else [])


def test_without_javascript_the_first_rows_are_whole(sample: Path, new_page: NewPage) -> None:
    page = open_page(new_page(java_script_enabled=False), sample, "entry.html")
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_role("search")).to_be_hidden()
    assert "need JavaScript" in page.locator("noscript").inner_text()
    assert page.locator(".clip").first.evaluate("node => node.scrollHeight <= node.clientHeight + 1")
    expect(page.get_by_role("columnheader", name="Author")).to_be_visible()


def test_a_missing_chunk_is_named(sample: Path, new_page: NewPage, tmp_path: Path) -> None:
    folder = shutil.copytree(sample, tmp_path / "archive")
    (folder / "viewer" / "entry.0002.js").unlink()
    (folder / "viewer" / "entry.0000.js").write_text("", encoding="utf-8")
    page = open_page(new_page(may_err=True), folder, "entry.html")
    advice = "is missing or damaged. Unpack the whole ZIP file, then open index.html again."
    expect_status(page, f"The file viewer/entry.0000.js {advice}")
    expect(page.locator("tbody tr")).to_have_count(50)  # those of the page itself stay
    page.goto((folder / "entry.html").as_uri() + "#page=100")
    page.reload()
    expect_status(page, "Rows 4,951–5,000 of 5,000")


def test_a_missing_manifest_is_named(sample: Path, new_page: NewPage, tmp_path: Path) -> None:
    folder = shutil.copytree(sample, tmp_path / "archive")
    (folder / "viewer" / "manifest.js").unlink()
    page = open_page(new_page(may_err=True), folder, "entry.html")
    expect(page.get_by_role("status")).to_contain_text("The file viewer/manifest.js is missing")


@pytest.mark.parametrize("name", ["parts", "choice", "controls"])
def test_a_missing_script_is_named(sample: Path, new_page: NewPage, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(sample, tmp_path / "archive")
    (folder / "viewer" / f"{name}.js").unlink()
    page = open_page(new_page(may_err=True), folder, "entry.html")
    expect(page.get_by_role("status")).to_contain_text(f"The file viewer/{name}.js is missing")
    expect(page.locator("tbody tr")).to_have_count(50)


def test_inside_the_zip_the_page_says_to_unpack(sample: Path, new_page: NewPage, tmp_path: Path) -> None:
    shutil.copy(sample / "index.html", tmp_path)  # as Windows does: the one file, without its neighbours
    page = open_page(new_page(may_err=True), tmp_path, "index.html")
    expect(page.get_by_text("has not been unpacked")).to_be_visible()


@pytest.mark.parametrize("name", ["index", "entry", "attachment", "coverage", "about"])
def test_nothing_overflows_a_narrow_screen(sample: Path, new_page: NewPage, name: str) -> None:
    page = open_page(new_page(viewport={"width": 320, "height": 700}), sample, f"{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_controls_are_large_enough_to_touch(entries: Page) -> None:
    expect(entries.locator("tbody button")).to_have_count(50)
    for button in entries.locator("button:visible").all()[:20]:
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 43.5


def count_pages(page: Page) -> int:
    return len(re.findall(rb"/Type /Page\b", page.pdf()))


def test_a_long_row_is_printed_to_its_end(entries: Page) -> None:
    """And the list behind it is not. Shut, the list is printed."""
    expect_status(entries, "Rows 1–50 of 5,000")
    with_list = count_pages(entries)
    entries.locator("tbody th").first.get_by_role("button").click()
    lines = "\n".join(f"Line {number}" for number in range(400))
    entries.locator("#detail-fields dd").last.evaluate("(cell, text) => { cell.textContent = text }", lines)
    assert count_pages(entries) >= 6
    entries.emulate_media(media="print")
    expect(entries.locator("#table")).to_be_hidden()
    assert entries.locator("#detail").evaluate("row => row.scrollHeight <= row.clientHeight")
    entries.emulate_media(media="null")
    assert not entries.locator("#detail").evaluate("row => row.scrollHeight <= row.clientHeight")  # the control
    entries.get_by_role("button", name="Close").click()
    assert count_pages(entries) == with_list
