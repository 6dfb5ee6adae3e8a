"""Every page of the site, light and dark, wide and narrow: no accessibility faults, nothing cut off, no errors."""

import re

import pytest
from playwright.sync_api import expect

from tests.accessibility import check
from tests.browser import NewPage
from tests.site import Site, sign_in, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.worker]

LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (320, 1280)]
ONE_ARCHIVE = re.compile("/archives/[0-9a-f]{64}$")


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_pages_for_everybody(site: Site, new_page: NewPage, scheme: str, width: int) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    for path in ("/", "/sign-in", "/sign-up", "/examples"):
        page.goto(f"{site.url}{path}")
        check(page, path)
    lost = new_page(may_err=True, color_scheme=scheme, viewport={"width": width, "height": 900})
    lost.goto(f"{site.url}/nowhere")
    check(lost, "404")


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_pages_for_members(site: Site, new_page: NewPage, scheme: str, width: int) -> None:
    page = sign_in(site, new_page(color_scheme=scheme, viewport={"width": width, "height": 900}))
    for path in ("/journal", "/journal?show=shared", "/journal/new", "/settings", "/settings/password", "/confirm"):
        page.goto(f"{site.url}{path}")
        check(page, path)
    page.goto(f"{site.url}/journal")
    page.locator("main article a, main .entries a, main h2 a").first.click()
    check(page, "entry")
    page.get_by_role("link", name="Edit").first.click()
    check(page, "edit")


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
