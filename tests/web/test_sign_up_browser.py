"""An account that begins with a mail, in a real browser: each page checked, and the whole way without JavaScript."""

from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.accounts import resets
from app.extensions import db
from app.models import User
from tests.accessibility import check
from tests.browser import NewPage
from tests.conftest import PASSWORD
from tests.site import serve

pytestmark = pytest.mark.browser


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return {**sqlite_settings, "MAIL_URL": "smtp://127.0.0.1:9", "PUBLIC_BASE_URL": "https://satchel.example.org"}


def read_link(app: Flask) -> str:
    """What the mail would say."""
    with app.app_context():
        resets.answer_asked()
        person = db.session.query(User).one()
        return f"/sign-up/link#{resets.issue(person.id)}"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_each_page(app: Flask, servers: ExitStack, new_page: NewPage, scheme: str, width: int) -> None:
    url = servers.enter_context(serve(app))
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page = new_page(may_err=True, timezone_id="Asia/Ho_Chi_Minh", **look)  # which Chromium calls Asia/Saigon
    page.goto(f"{url}/sign-up")
    check(page, "sign up")
    ask(page)
    check(page, "look for our mail")
    page.goto(f"{url}/sign-up/finish")
    expect(page.get_by_role("heading", name="This link works no longer")).to_be_visible()
    check(page, "a link that works no longer")
    page.goto(url + read_link(app))
    expect(page).to_have_url(f"{url}/sign-up/finish")
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Ho_Chi_Minh")
    check(page, "finish")


def test_without_javascript(app: Flask, servers: ExitStack, new_page: NewPage) -> None:
    url = servers.enter_context(serve(app))
    page = new_page(java_script_enabled=False)
    page.goto(f"{url}/sign-up")
    ask(page)
    link = url + read_link(app)
    page.goto(link)
    page.get_by_label("Code from the mail").fill(link)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Name").fill("Lan")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("Welcome, Lan.")).to_be_visible()


def ask(page: Page) -> None:
    page.get_by_label("E-mail").fill("lan@example.org")
    page.get_by_role("button", name="Send the mail").click()
    expect(page.get_by_role("heading", name="Look for our mail")).to_be_visible()
