"""A new password in a real browser: each page in every look, and the whole way without JavaScript."""

from contextlib import ExitStack

import pytest
from flask import Flask
from playwright.sync_api import expect

from app.accounts import resets
from app.models import User
from tests.accessibility import check
from tests.browser import NewPage
from tests.site import enter, serve
from tests.test_site_pages import LOOKS

pytestmark = pytest.mark.browser

NEW_PASSWORD = "another password altogether"


def test_the_form_in_every_look(app: Flask, ann: User, servers: ExitStack, new_page: NewPage) -> None:
    with app.app_context():
        token = resets.issue(ann.id)
    url = servers.enter_context(serve(app))
    for scheme, width in LOOKS:
        page = new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
        page.goto(f"{url}/forgotten/link#{token}")
        expect(page).to_have_url(f"{url}/forgotten/new-password")
        check(page, f"choose, {scheme}, {width}")


def test_without_javascript(app: Flask, ann: User, servers: ExitStack, new_page: NewPage) -> None:
    with app.app_context():
        token = resets.issue(ann.id)
    url = servers.enter_context(serve(app))
    page = new_page(java_script_enabled=False)
    page.goto(f"{url}/forgotten/link#{token}")
    page.get_by_label("Code from the mail").fill(token)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    enter(page, url, "ann@example.org", NEW_PASSWORD)
