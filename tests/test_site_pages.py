"""Every page of the site, light and dark, wide and narrow: no accessibility faults, nothing cut off, no errors.

The pages come from POLICY: one that nobody looks at fails `test_no_page_is_forgotten`.
"""

import base64
import re
import sqlite3
from contextlib import closing
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import expect

from app.web.policy import POLICY
from tests.accessibility import check
from tests.browser import NewPage
from tests.conftest import PASSWORD
from tests.second_factor.factor import Factor
from tests.site import Site, sign_in, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.worker]

LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (320, 1280)]
ONE_ARCHIVE = re.compile("/archives/[0-9a-f]{64}$")

FOR_EVERYBODY = {
    "home.index": ["/"],
    "auth.sign_in": ["/sign-in"],
    "auth.sign_up": ["/sign-up"],
    "examples.index": ["/examples"],
    "forgotten.ask": ["/forgotten"],
    "forgotten.open_link": ["/forgotten/link"],
    "auth.open_sign_up_link": ["/sign-up/link"],
}
FOR_MEMBERS = {
    "journal.index": ["/journal", "/journal?show=shared", "/journal?q=nothing-is-called-so"],
    "journal.new": ["/journal/new"],
    "journal.show": ["/journal/{entry}"],
    "journal.edit": ["/journal/{entry}/edit"],
    "journal.delete": ["/journal/{entry}/delete"],
    "comments.delete": ["/journal/comments/{comment}/delete"],
    "files.describe": ["/files/{file}/describe"],
    "files.remove": ["/files/{file}/remove"],
    "settings.index": ["/settings"],
    "settings.password": ["/settings/password"],
    "settings.activity": ["/settings/activity"],
    "confirm.index": ["/confirm"],
    "your_data.index": ["/your-data"],
    "archives.new": ["/archives/new", "/archives/new?since=2026-02-01&until=2026-01-01&category=none"],
}
BY_HAND = {
    "forgotten.choose": "test_pages_for_everybody",
    "auth.finish_sign_up": "test_pages_for_everybody",
    "auth.code": "test_pages_of_the_second_factor",
    "second_factor.set_up": "test_pages_of_the_second_factor",
    "second_factor.renew": "test_pages_of_the_second_factor",
    "second_factor.switch_off": "test_pages_of_the_second_factor",
    "archives.index": "test_every_state_of_an_archive",
    "archives.show": "test_every_state_of_an_archive",
}
"""Pages that need something to happen before; the tests that go there."""
NO_PAGES = {
    "static": "style sheets and scripts",
    "shared.static": "style sheets and scripts",
    "health.check": "for probes",
    "health.inspect": "for probes",
    "description.show": "for programs",
    "keys.public_key": "a key",
    "second_factor.qr": "a picture",
    "files.show": "a file",
    "archives.status": "for the script of the page",
    "archives.estimate": "for the script of the page",
    "archives.download": "a file",
    "examples.result": "for programs",
}


def test_no_page_is_forgotten(app: Flask) -> None:
    """Say here of each new page of POLICY how it is looked at, or why it is no page."""
    read = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    looked_at = FOR_EVERYBODY.keys() | FOR_MEMBERS.keys() | BY_HAND.keys()
    assert looked_at | NO_PAGES.keys() == POLICY.keys() & read
    assert not looked_at & NO_PAGES.keys()
    assert all(callable(globals()[name]) for name in BY_HAND.values())


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_pages_for_everybody(site: Site, new_page: NewPage, scheme: str, width: int) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    for path in (path for paths in FOR_EVERYBODY.values() for path in paths):
        page.goto(f"{site.url}{path}")
        check(page, path, in_light=scheme == "dark")
    page.goto(f"{site.url}/forgotten")
    page.get_by_label("E-mail").fill(f"{scheme}{width}@example.org")
    page.get_by_role("button", name="Send the mail").click()
    expect(page.get_by_role("heading", name="Look for our mail")).to_be_visible()
    check(page, "asked for a new password", in_light=scheme == "dark")
    lost = new_page(may_err=True, color_scheme=scheme, viewport={"width": width, "height": 900})
    lost.goto(f"{site.url}/nowhere")
    check(lost, "404", in_light=scheme == "dark")
    for path in ("/forgotten/new-password", "/sign-up/finish"):
        lost.goto(f"{site.url}{path}")
        check(lost, f"a link that works no longer: {path}", in_light=scheme == "dark")


def find_ids(site: Site) -> dict[str, str]:
    """Of an entry of the demo person's with a picture, and of a comment."""
    with closing(sqlite3.connect(site.instance / "satchel.sqlite", timeout=60)) as database:
        mine = 'FROM entry JOIN "user" ON "user".id = entry.author_id'
        entry, file = database.execute(
            f"SELECT entry.id, attachment.id {mine} JOIN attachment ON attachment.entry_id = entry.id "
            "WHERE email = ? AND media_type LIKE 'image/%'",
            [site.email],
        ).fetchone()
        [comment] = database.execute(
            f"SELECT comment.id {mine} JOIN comment ON comment.entry_id = entry.id WHERE email = ?", [site.email]
        ).fetchone()
    return {name: str(UUID(value)) for name, value in {"entry": entry, "file": file, "comment": comment}.items()}


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_pages_for_members(site: Site, new_page: NewPage, scheme: str, width: int) -> None:
    looks = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page = sign_in(site, new_page(may_err=True, **looks))  # the last page is a refusal, which a browser calls an error
    ids = find_ids(site)
    for path in (path for paths in FOR_MEMBERS.values() for path in paths):
        answer = page.goto(f"{site.url}{path.format(**ids)}")
        assert answer
        assert answer.ok, path
        check(page, path, in_light=scheme == "dark")
    page.goto(f"{site.url}/journal/new")
    page.get_by_label("People I choose").check()
    page.get_by_role("button", name="Save entry").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page, "an entry without a title", in_light=scheme == "dark")
    page.get_by_label("Title").fill("Too late")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save entry").click()
    expect(page.get_by_role("heading", name="You are no longer signed in")).to_be_visible()
    check(page, "written after the session's end", in_light=scheme == "dark")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_pages_of_the_second_factor(site: Site, new_page: NewPage, scheme: str, width: int) -> None:
    looks = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page = sign_up(site, new_page(**looks), f"Factor{scheme}")
    page.goto(f"{site.url}/settings/second-factor/set-up")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
    check(page, "set up")
    letters = page.locator("code").inner_text().replace(" ", "")
    factor = Factor(base64.b32decode(letters), [])
    page.get_by_label("Code").fill(factor.code(-1))
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    check(page, "recovery codes")
    for path in ("/settings", "/settings/second-factor/recovery-codes", "/settings/second-factor/off", "/confirm"):
        page.goto(f"{site.url}{path}")
        check(page, path)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail").fill(f"factor{scheme}@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your code, please")).to_be_visible()
    check(page, "/sign-in/code")
    page.get_by_label("Code").fill(factor.code())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_state_of_an_archive(site: Site, new_page: NewPage, scheme: str, width: int) -> None:
    page = sign_up(
        site, new_page(color_scheme=scheme, viewport={"width": width, "height": 900}), f"{scheme}{width}".title()
    )
    page.goto(f"{site.url}/archives/")
    check(page, "none yet")
    page.goto(f"{site.url}/archives/new")
    page.route("**/status", lambda _: None)  # unanswered: the page stays what it is while it is looked at
    page.get_by_role("button", name="Request an archive").click()
    expect(page).to_have_url(ONE_ARCHIVE)
    check(page, "asked for")
    page.unroute("**/status")
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=90_000)
    check(page, "ready")
    page.get_by_text("Check the file", exact=True).click()
    check(page, "its checksum")
    page.get_by_role("button", name="Delete from server").click()
    expect(page.get_by_role("link", name="Download")).to_have_count(0)
    check(page, "deleted")
    page.goto(f"{site.url}/archives/")
    check(page, "history")
