"""Whoever gives the password again gets what they had asked for, without asking twice, and without JavaScript."""

import re
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.browser import NewPage
from tests.conftest import PASSWORD
from tests.site import Site, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.worker]


def age(site: Site, email: str) -> None:
    """The password was given long ago."""
    with closing(sqlite3.connect(site.instance / "satchel.sqlite", timeout=60)) as database, database:
        mine = 'SELECT id FROM "user" WHERE email = ?'
        database.execute(
            f"UPDATE sign_in SET confirmed_at = '2020-01-01 00:00:00.000000' WHERE user_id IN ({mine})", [email]
        )


def confirm(page: Page, button: str) -> None:
    expect(page.get_by_role("heading", name="Your password, please")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=button).click()


def test_on_with_the_deed(site: Site, new_page: NewPage) -> None:
    page = sign_up(site, new_page(java_script_enabled=False), "Cora")
    page.goto(f"{site.url}/archives/new")
    age(site, "cora@example.org")
    page.get_by_text("with nothing in them yet").click()
    page.get_by_label("Comments").uncheck()
    page.get_by_label("First day").fill("2020-05-01")
    page.get_by_role("button", name="Request an archive").click()
    expect(page.get_by_text("Everything but: Comments")).to_be_visible()
    expect(page.get_by_text("From May 1, 2020 on")).to_be_visible()
    confirm(page, "Request the archive")
    expect(page).to_have_url(re.compile("/archives/[0-9a-f]{64}$"))
    expect(page.get_by_text("Everything but: Comments").first).to_be_visible()
    page.goto(f"{page.url}?refresh=1")
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=90_000)
    age(site, "cora@example.org")
    page.get_by_role("link", name="Download").click()
    expect(page.get_by_text("The download starts as soon as you continue.")).to_be_visible()
    with page.expect_download() as download:
        confirm(page, "Download")
    assert download.value.suggested_filename.endswith(".zip")
    expect(page.get_by_text("The download starts by itself.")).to_be_visible()
