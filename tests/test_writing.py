"""Writing an entry, as people do: on a phone, without JavaScript, with the keyboard alone, and for longer than a
session lasts."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Dialog, Page, expect

from tests.accessibility import check
from tests.browser import NewPage
from tests.conftest import PASSWORD
from tests.site import Site, sign_in, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.worker]
PHONE = {"viewport": {"width": 390, "height": 800}}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("RGB", (300, 200), "teal").save(tmp_path / "sea.png")
    return tmp_path / "sea.png"


def test_on_a_phone(site: Site, new_page: NewPage, picture: Path, tmp_path: Path) -> None:
    """What is chosen is seen, and can be taken back; tags are suggested; nothing is left by accident."""
    with (tmp_path / "film.bin").open("wb") as film:
        film.truncate(17 * 1024**2)
    page = sign_in(site, new_page(**PHONE))
    page.goto(f"{site.url}/journal/new")
    addresses = page.get_by_label(re.compile("e-mail addresses", re.IGNORECASE))
    expect(addresses).to_be_hidden()
    page.get_by_label("People I choose").check()
    expect(addresses).to_be_visible()
    page.get_by_label("Only me").check()
    _check_that_it_grows(page)
    files, chosen = page.get_by_label("Add pictures and files"), page.locator("[data-chosen] > li")
    files.set_input_files(picture)
    files.set_input_files([picture, tmp_path / "film.bin"])  # one by one: the first stays, and is not there twice
    expect(chosen).to_have_count(2)
    expect(chosen.first.locator("canvas")).to_be_visible()
    expect(chosen.last.get_by_text("This file is too large.")).to_be_visible()
    check(page, "two files chosen")
    page.get_by_label("Describe it for people who cannot see it sea.png").fill("Nothing but sea")
    expect(page.get_by_label("Describe it for people who cannot see it film.bin")).to_be_hidden()
    page.get_by_role("button", name="Remove film.bin").click()
    expect(chosen).to_have_count(1)
    tags = page.get_by_label("Tags")
    tags.press_sequentially("by the sea, ")
    assert all(tag.startswith("by the sea, ") for tag in _suggestions(page))
    page.get_by_label("Title").fill("On a phone")
    _check_that_nothing_is_left(page)
    page.get_by_role("button", name="Save entry").click()
    expect(page.get_by_role("heading", name="On a phone")).to_be_visible()
    expect(page.get_by_role("img", name="Nothing but sea")).to_be_visible()
    page.goto(f"{site.url}/journal")  # and nobody is asked


def _check_that_it_grows(page: Page) -> None:
    text = page.get_by_label("Text", exact=True)
    before = text.bounding_box()
    text.fill("A line of a long text.\n" * 22)
    after = text.bounding_box()
    assert before
    assert after
    assert after["height"] > before["height"]


def _suggestions(page: Page) -> list[str]:
    values: list[str] = page.eval_on_selector_all("#known-tags option", "all => all.map(each => each.value)")
    assert len(values) > 3
    return values


def _check_that_nothing_is_left(page: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_label("Title")).to_have_value("On a phone")
    assert asked == ["beforeunload"]


def test_a_session_ends_while_somebody_writes(site: Site, new_page: NewPage, picture: Path) -> None:
    """Without JavaScript. All that was typed is there again; only files have to be chosen again."""
    page = sign_up(site, new_page(may_err=True, java_script_enabled=False), "Wendy")
    page.goto(f"{site.url}/journal/new")
    page.get_by_label("Title").fill("Long")
    page.get_by_label("Text", exact=True).fill("An hour of work.")
    page.get_by_label("Tags").fill("work")
    page.get_by_label("Every member of this site").check()
    page.get_by_label("Add pictures and files").set_input_files(picture)
    _end_sign_ins(site, "wendy@example.org")
    page.get_by_role("button", name="Save entry").click()
    expect(page.get_by_text("Choose your pictures and files again on the next page")).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again").click()
    tab = opened.value
    tab.get_by_label("E-mail").fill("wendy@example.org")
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("button", name="Sign out")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Nothing is saved yet")).to_be_visible()
    expect(page.get_by_label("Every member of this site")).to_be_checked()
    expect(page.get_by_role("listitem").filter(has_text="sea.png")).to_be_visible()
    page.get_by_label("Add pictures and files").set_input_files(picture)
    page.get_by_role("button", name="Save entry").click()
    expect(page.get_by_role("heading", name="Long")).to_be_visible()
    expect(page.get_by_text("An hour of work.")).to_be_visible()
    expect(page.get_by_text("Every member can read this")).to_be_visible()
    expect(page.get_by_role("link", name="Tag: work")).to_be_visible()


def test_a_description_stays_with_its_picture(site: Site, new_page: NewPage, picture: Path) -> None:
    """What was written of one is not put to another that is chosen first."""
    other = picture.with_name("hills.png")
    other.write_bytes(picture.read_bytes())
    page = sign_in(site, new_page(may_err=True))
    page.goto(f"{site.url}/journal/new")
    files, label = page.get_by_label("Add pictures and files"), "Describe it for people who cannot see it"
    files.set_input_files(picture)
    page.get_by_label(f"{label} sea.png").fill("Nothing but sea")
    page.get_by_role("button", name="Save entry").click()  # it has no title
    earlier = page.get_by_text("Your description: “Nothing but sea”")
    expect(earlier).to_be_visible()
    files.set_input_files(other)
    expect(page.get_by_label(f"{label} hills.png")).to_have_value("")
    files.set_input_files(picture)
    expect(page.get_by_label(f"{label} sea.png")).to_have_value("Nothing but sea")
    expect(earlier).to_be_hidden()


def test_a_file_that_is_something_else(site: Site, new_page: NewPage, tmp_path: Path, picture: Path) -> None:
    """The page says which one it is and what to do, and all that was typed is there again."""
    (tmp_path / "boat.jpg").write_bytes(b"MZ" + bytes(100))
    page = sign_in(site, new_page(may_err=True, **PHONE))
    page.goto(f"{site.url}/journal/new")
    page.get_by_label("Title").fill("By boat")
    page.get_by_label("Text", exact=True).fill("An hour of work.")
    page.get_by_label("Add pictures and files").set_input_files([picture, tmp_path / "boat.jpg"])
    page.get_by_role("button", name="Save entry").click()
    error = page.get_by_role("paragraph").get_by_text("“boat.jpg” cannot be added: its name ends in .jpg, but")
    expect(error).to_be_visible()
    page.get_by_text("Which files can be added").click()
    expect(page.get_by_text("Those whose names end in .3g2, .3gp,")).to_be_visible()
    check(page, "a file that is something else")
    expect(page.get_by_label("Text", exact=True)).to_have_value("An hour of work.")
    page.get_by_label("Add pictures and files").set_input_files(picture)
    page.get_by_role("button", name="Save entry").click()
    expect(page.get_by_role("heading", name="By boat")).to_be_visible()


def _end_sign_ins(site: Site, email: str) -> None:
    with closing(sqlite3.connect(site.instance / "satchel.sqlite", timeout=60)) as database, database:
        mine = 'SELECT id FROM "user" WHERE email = ?'
        changed = database.execute(
            f"UPDATE sign_in SET ended_at = '2020-01-01 00:00:00.000000' WHERE user_id IN ({mine})", [email]
        )
        assert changed.rowcount


def go_to(page: Page, name: str) -> None:
    """By the Tab key, to what has this name; on the way each stop is seen, and what has it is not hidden."""
    for _ in range(120):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        if here is None:
            continue  # the browser's own bar, between the last and the first
        assert here["outline"] >= 2, here
        assert here["seen"], here
        if name in here["names"]:
            return
    pytest.fail(f"{name} cannot be reached")


HERE = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height, innerHeight - box.y) / 2);
  const labels = Array.from(e.labels || [], label => label.innerText);
  const names = [e.innerText, ...labels].map(text => (text || "").trim());
  return { names, outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
           seen: Boolean(top) && (e.contains(top) || top.contains(e)), what: e.outerHTML.slice(0, 90) };
}"""


def test_with_the_keyboard_alone(site: Site, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.goto(f"{site.url}/sign-in")
    keys = page.keyboard
    go_to(page, "E-mail address")
    keys.type(site.email)
    go_to(page, "Password")
    keys.type(site.password)
    keys.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    go_to(page, "Skip to main content")
    keys.press("Enter")
    go_to(page, "Write an entry")
    keys.press("Enter")
    expect(page.get_by_label("Title")).to_be_visible()
    go_to(page, "Title")
    keys.type("By keyboard")
    go_to(page, "Text")
    keys.type("No mouse.")
    go_to(page, "Only me")
    keys.press("ArrowDown")
    expect(page.get_by_label("People I choose")).to_be_checked()
    keys.press("ArrowDown")
    go_to(page, "Save entry")
    keys.press("Enter")
    expect(page.get_by_text("Every member can read this")).to_be_visible()
    go_to(page, "Delete")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Delete this entry?")).to_be_visible()
    go_to(page, "Delete entry")
    keys.press("Enter")
    expect(page.get_by_text("“By keyboard” is deleted.")).to_be_visible()


def test_a_mouse_would_be_missed(new_page: NewPage) -> None:
    """The control: what no key reaches is not found."""
    page = new_page()
    style = "<style>:focus{outline:3px solid}</style>"
    page.set_content(f"{style}<button>One</button><div onclick='1'>Two</div><a href='#'>Three</a>")
    go_to(page, "Three")
    with pytest.raises(pytest.fail.Exception):
        go_to(page, "Two")
