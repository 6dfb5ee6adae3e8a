"""What a mailed link carries is never in an address that the server is asked for: the whole way in a real browser."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from app.mails.folder import MailFolder
from app.models import User
from tests.browser import NewPage
from tests.conftest import PASSWORD
from tests.site import serve
from tests.web.conftest import Send

pytestmark = pytest.mark.browser

BASE = "https://satchel.example.org"
WAYS = {"/forgotten": "/forgotten/new-password", "/sign-up": "/sign-up/finish"}
"""Where a mail is asked for, and where its link leads in the end."""


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return {**sqlite_settings, "MAIL_URL": "smtp://127.0.0.1:9", "PUBLIC_BASE_URL": BASE}


@pytest.fixture
def asked(app: Flask) -> list[str]:
    """What any program before us could write down of each request, as it came, beside its body."""
    lines: list[str] = []
    answer = app.wsgi_app

    def note(environ: dict[str, Any], start: Any) -> Any:
        lines.append(f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']} {environ.get('HTTP_REFERER', '')}")
        return answer(environ, start)

    app.wsgi_app = note  # type: ignore[assignment, method-assign]  # as middleware
    return lines


@pytest.fixture
def receive(app: Flask, client: FlaskClient, ann: User, send: Send) -> Callable[[str], tuple[str, str]]:
    """The link of the mail that is asked for at this address, without its host, and the code that it shows below."""
    app.extensions["mail"] = MailFolder(app.config["MAIL_DIR"])  # what would go to the server

    def receive(path: str) -> tuple[str, str]:
        client.post(path, data={"email": ann.email if path == "/forgotten" else "lan@example.org"})
        (text,) = send()
        found = re.search(rf"{BASE}(\S+)\s.*this one:\s+(\S+)", text, re.DOTALL)
        assert found, text
        return found[1], found[2]

    return receive


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("has_script", [True, False], ids=["with JavaScript", "without"])
def test_no_address_holds_it(
    app: Flask,
    asked: list[str],
    receive: Callable[[str], tuple[str, str]],
    servers: ExitStack,
    new_page: NewPage,
    path: str,
    has_script: bool,
) -> None:
    link, code = receive(path)
    url = servers.enter_context(serve(app))
    page = new_page(java_script_enabled=has_script, may_err=True)  # on the way back, pages are that work no longer
    page.goto(url + link)
    if not has_script:
        page.get_by_label("Code from the mail").fill(code)
        page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(url + WAYS[path])
    finish(page)
    assert len([line for line in asked if line.startswith("POST")]) >= 3  # asking, opening, choosing
    assert not [line for line in asked if code in line]
    while has_script and page.go_back():
        assert code not in page.url


def finish(page: Page) -> None:
    if page.get_by_label("Name").count():
        page.get_by_label("Name").fill("Lan")
    page.get_by_label(re.compile("^(New p|P)assword$")).fill(f"{PASSWORD} and another")
    page.locator("main form button").click()
    expect(page.get_by_text(re.compile(r"Your password is changed\.|Welcome, Lan\."))).to_be_visible()


def test_in_a_query_it_would_be_seen(
    app: Flask, asked: list[str], receive: Callable[[str], tuple[str, str]], servers: ExitStack, new_page: NewPage
) -> None:
    """The control: as such links had it once. It opens nothing."""
    link, code = receive("/forgotten")
    url = servers.enter_context(serve(app))
    page = new_page(may_err=True)
    page.goto(url + link.replace("#", "?token="))
    expect(page.get_by_label("Code from the mail")).to_have_value("")
    page.goto(f"{url}/forgotten/new-password?token={code}")
    expect(page.get_by_role("heading", name="This link works no longer")).to_be_visible()
    assert len([line for line in asked if code in line]) == 2


def test_a_link_opened_where_the_page_stands_already(
    app: Flask, receive: Callable[[str], tuple[str, str]], servers: ExitStack, new_page: NewPage
) -> None:
    """Nothing is loaded then."""
    link, code = receive("/forgotten")
    url = servers.enter_context(serve(app))
    page = new_page()
    page.goto(url + link.partition("#")[0])
    page.evaluate("code => { location.hash = code; }", code)
    expect(page).to_have_url(f"{url}/forgotten/new-password")
