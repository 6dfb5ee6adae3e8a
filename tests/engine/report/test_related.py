"""What belongs to a row, in its own view: found by foreign keys, read from the other tables when it opens."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.engine.shape import Field, Reference, TableShape
from tests.browser import NewPage
from tests.engine.report.chunks import read_manifest
from tests.engine.report.sample import (
    COMMENT,
    ENTRY,
    declare,
    make_comments,
    make_entries,
    make_id,
    write_report,
    write_sample,
)

pytestmark = pytest.mark.browser


NOTE = TableShape(
    "note",
    declare("Notes"),
    (
        Field("id", "Id", "id"),
        Field("reply_to", "Reply to", "id"),
        Field("after", "After", "id"),
        Field("text", "Text", "text"),
    ),
    ("id",),
    (Reference("reply_to", "note", "id"), Reference("after", "note", "id")),
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample") / "archive", entries=2000)


def open_row(page: Page, folder: Path, table: str, number: int) -> Locator:
    page.goto((folder / f"{table}.html").as_uri() + f"#row={number}")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("#detail-status")).not_to_contain_text("Looking for")
    return dialog


def section(dialog: Locator, heading: str) -> Locator:
    return dialog.locator("section").filter(has=dialog.page.get_by_role("heading", name=heading, exact=True))


def test_comments_stand_under_their_entry_and_lead_to_their_own_page(sample: Path, new_page: NewPage) -> None:
    page = new_page()
    page.goto((sample / "entry.html").as_uri())
    page.get_by_role("button", name="8 Jan 1660", exact=True).click()
    comments = section(page.get_by_role("dialog"), "Comments (14)").get_by_role("listitem")
    expect(comments).to_have_count(14)
    expect(comments.nth(0)).to_contain_text("User 3")
    expect(comments.nth(1)).to_contain_text("A remark on day 9. Second line.")
    comments.nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Comments")
    expect(page.get_by_role("dialog")).to_contain_text("A remark on day 9.")
    expect(page.get_by_role("dialog")).to_contain_text("Row 9 of 120")
    page.go_back()
    expect(page.get_by_role("dialog")).to_contain_text("Day 7 in")


def test_pictures_and_tags_stand_under_their_entry(sample: Path, new_page: NewPage) -> None:
    dialog = open_row(new_page(), sample, "entry", 5)
    files = section(dialog, "Pictures and files (2)")
    picture = files.locator("img")
    expect(picture).to_have_count(1)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    expect(files.get_by_role("link")).to_have_text(["Harbour at dusk.png", "notes.txt"])
    tags = section(dialog, "Tags of entries (1)")  # the row between the two has nothing to read: the tag has
    expect(tags.get_by_role("link", name="Kraków 5")).to_have_attribute("href", "tag.html#row=6")


def test_a_comment_leads_to_its_entry_and_people_outside_stay_names(sample: Path, new_page: NewPage) -> None:
    page = new_page()
    dialog = open_row(page, sample, "comment", 3)
    expect(dialog.locator("dd a")).to_have_text(["4 Jan 1660"])  # its author is no row of the archive
    expect(dialog).to_contain_text("User 3")
    expect(dialog).to_contain_text(f"({make_id(3)})")
    dialog.get_by_role("link", name="4 Jan 1660").click()
    expect(page.get_by_role("dialog")).to_contain_text("Day 3 in")
    expect(open_row(page, sample, "comment", 4).get_by_role("link", name="You")).to_have_attribute(
        "href", "user.html#row=1"
    )


def test_a_pseudonym_leads_nowhere(new_page: NewPage, tmp_path: Path) -> None:
    comments = [(make_id(1), "Entry 3", "Grace", "On a page of hers.", "2026-03-01T00:00:00+00:00")]
    folder = write_report(tmp_path / "archive", [(ENTRY, make_entries(3)), (COMMENT, comments)])
    dialog = open_row(new_page(), folder, "comment", 1)
    expect(dialog).to_contain_text("Entry 3")
    expect(dialog.locator("dd a")).to_have_count(0)


def test_a_long_list_says_how_many_are_left(new_page: NewPage, tmp_path: Path) -> None:
    comments = [(row[0], make_id(2), *row[2:]) for row in make_comments(63)]
    folder = write_report(tmp_path / "archive", [(ENTRY, make_entries(3)), (COMMENT, comments)])
    dialog = open_row(new_page(), folder, "entry", 2)
    expect(section(dialog, "Comments (63)").get_by_role("listitem")).to_have_count(50)
    expect(dialog.get_by_text("and 13 more", exact=True)).to_be_visible()
    expect(open_row(new_page(), folder, "entry", 3).get_by_role("heading", level=3)).to_have_count(0)


def test_other_tables_are_read_only_when_a_view_opens(sample: Path, new_page: NewPage) -> None:
    page, read = new_page(), []
    page.on("request", lambda request: read.extend(re.findall(r"viewer/(\w+)\.\d{4}\.js", request.url)))
    page.goto((sample / "entry.html").as_uri())
    expect(page.locator("tbody button")).to_have_count(50)
    assert 1 <= len(read) <= 2
    assert set(read) == {"entry"}
    page.locator("tbody button").first.click()
    expect(page.get_by_role("dialog").get_by_role("heading", name="Comments (1)")).to_be_visible()
    expect(page.locator("#detail-status")).to_have_text("")
    assert set(read) == {"entry", "user", "comment", "attachment", "entry_tag", "tag"}


def test_a_missing_chunk_is_named_and_the_rest_is_shown(sample: Path, new_page: NewPage, tmp_path: Path) -> None:
    folder = shutil.copytree(sample, tmp_path / "archive")
    (folder / "viewer" / "comment.0000.js").unlink()
    dialog = open_row(new_page(may_err=True), folder, "entry", 5)
    expect(dialog.get_by_role("status")).to_have_text(
        "The file viewer/comment.0000.js is missing or damaged. Unpack the whole ZIP file, then open index.html again."
    )
    expect(section(dialog, "Pictures and files (2)")).to_be_visible()
    expect(dialog.get_by_role("heading", name=re.compile("Comments"))).to_have_count(0)
    dialog.get_by_role("button", name="Next").click()
    expect(dialog).to_contain_text("Day 6 in")


def test_the_keyboard_reaches_what_belongs_to_a_row(sample: Path, new_page: NewPage) -> None:
    page = new_page()
    page.goto((sample / "entry.html").as_uri())
    page.get_by_role("button", name="6 Jan 1660", exact=True).press("Enter")
    expect(page.locator("#detail-title")).to_be_focused()
    expect(page.get_by_role("heading", name="Comments (1)")).to_be_visible()
    expect(page.locator("#detail-status")).to_have_text("")  # all that belongs to it stands there
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
    assert reached == ["You", "1 Mar 2026, 00:05", "Harbour at dusk.png"]
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="6 Jan 1660", exact=True)).to_be_focused()
    expect(page).not_to_have_url(re.compile("row="))  # the browser tells of the closing after it has moved the focus


def test_the_address_of_a_row_keeps_its_view(sample: Path, new_page: NewPage) -> None:
    page = new_page()
    dialog = open_row(page, sample, "entry", 1234)
    expect(dialog).to_contain_text("Day 1234 in")
    expect(page.locator("#status")).to_have_text("Rows 1,201–1,250 of 2,000")
    dialog.get_by_role("button", name="Next").click()
    expect(dialog).to_contain_text("Day 1235 in")
    page.reload()
    expect(dialog).to_contain_text("Day 1235 in")
    for nonsense in ("0", "2001", "x", "-1"):
        page.goto("about:blank")
        page.goto((sample / "entry.html").as_uri() + f"#row={nonsense}")
        expect(page.locator("#status")).to_have_text("Rows 1–50 of 2,000")
        expect(dialog).to_be_hidden()


def test_rows_of_one_table_may_belong_to_each_other(new_page: NewPage, tmp_path: Path) -> None:
    notes = [(1, None, None, "A question"), (2, 1, None, "An answer"), (3, 1, 2, "Another answer")]
    folder = write_report(tmp_path / "archive", [(NOTE, notes)])
    page = new_page()
    dialog = open_row(page, folder, "note", 1)
    expect(dialog.get_by_role("heading", level=3)).to_have_text(["Notes, Reply to (2)"])
    section(dialog, "Notes, Reply to (2)").get_by_role("link", name="Another answer").click()
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Another answer")
    expect(dialog.locator("dd a")).to_have_text(["A question", "An answer"])
    page.go_back()
    expect(dialog.get_by_role("heading", level=2)).to_have_text("A question")


def test_a_name_that_looks_like_a_key_is_none(new_page: NewPage, tmp_path: Path) -> None:
    notes = [(1, None, None, "A question"), (2, "1", 1, "By somebody called 1")]
    folder = write_report(tmp_path / "archive", [(NOTE, notes)])
    page = new_page()
    headings = open_row(page, folder, "note", 1).get_by_role("heading", level=3)
    expect(headings).to_have_text(["Notes, After (1)"])
    expect(open_row(page, folder, "note", 2).locator("dd a")).to_have_text(["A question"])


def test_the_persons_own_row_does_not_list_the_whole_archive(sample: Path, new_page: NewPage) -> None:
    page, read = new_page(), []
    page.on("request", lambda request: read.extend(re.findall(r"viewer/(\w+)\.\d{4}\.js", request.url)))
    dialog = open_row(page, sample, "user", 1)
    expect(dialog.get_by_role("heading", level=3)).to_have_count(0)
    expect(dialog.get_by_role("status")).to_have_text("")
    assert read == ["user"]


def test_the_manifest_names_no_table_without_a_page(sample: Path, tmp_path: Path) -> None:
    whole = {each["name"]: each["references"] for each in read_manifest(sample / "viewer")["tables"]}
    assert whole["comment"] == [{"column": 1, "table": "entry", "to": 0}, {"column": 2, "table": "user", "to": 0}]
    folder = write_report(tmp_path / "archive", [(ENTRY, []), (COMMENT, make_comments(3))])
    assert [each["references"] for each in read_manifest(folder / "viewer")["tables"]] == [[]]
