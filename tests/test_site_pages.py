"""Every page of the site, light and dark, wide and narrow: no accessibility faults, nothing cut off, no errors."""

import base64
import re

import pytest
from playwright.sync_api import expect

from tests.accessibility import check
from tests.browser import NewPage
from tests.conftest import PASSWORD
from tests.second_factor.factor import Factor
from tests.site import Site, sign_in, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.worker]

LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (320, 1280)]
ONE_ARCHIVE = re.compile("/archives/[0-9a-f]{64}$")


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_pages_for_everybody(site: Site, new_page: NewPage, scheme: str, width: int) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    for path in ("/", "/sign-in", "/sign-up", "/examples", "/forgotten"):
        page.goto(f"{site.url}{path}")
        check(page, path)
    page.get_by_label("E-mail").fill(f"{scheme}{width}@example.org")
    page.get_by_role("button", name="Send the mail").click()
    expect(page.get_by_role("heading", name="Look for our mail")).to_be_visible()
    check(page, "asked for a new password")
    lost = new_page(may_err=True, color_scheme=scheme, viewport={"width": width, "height": 900})
    lost.goto(f"{site.url}/nowhere")
    check(lost, "404")
    lost.goto(f"{site.url}/forgotten/new-password")
    check(lost, "a link that works no longer")


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_pages_for_members(site: Site, new_page: NewPage, scheme: str, width: int) -> None:
    page = sign_in(site, new_page(color_scheme=scheme, viewport={"width": width, "height": 900}))
    settings = ("/settings", "/settings/password", "/settings/activity")
    for path in ("/journal", "/journal?show=shared", "/journal/new", *settings, "/confirm"):
        page.goto(f"{site.url}{path}")
        check(page, path)
    page.goto(f"{site.url}/journal")
    page.locator("main article a, main .entries a, main h2 a").first.click()
    check(page, "entry")
    page.get_by_role("link", name="Edit").first.click()
    check(page, "edit")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_pages_of_the_second_factor(site: Site, new_page: NewPage, scheme: str, width: int) -> None:
    looks = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page = sign_up(site, new_page(**looks), f"Factor{scheme}")
    page.goto(f"{site.url}/settings/second-factor/set-up")
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
    page.route("**/status", lambda _: None)  # unanswered: the page stays what it is while it is looked at
    page.get_by_role("button", name="Request an archive").click()
    expect(page).to_have_url(ONE_ARCHIVE)
    check(page, "asked for")
    page.unroute("**/status")
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=90_000)
    check(page, "ready")
    page.get_by_text("Check the file").click()
    check(page, "its checksum")
    page.get_by_role("button", name="Delete from server").click()
    expect(page.get_by_role("link", name="Download")).to_have_count(0)
    check(page, "deleted")
    page.goto(f"{site.url}/archives/")
    check(page, "history")
