"""The whole site as a newcomer starts it: `flask db upgrade`, `flask serve`, a demo account."""

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from tests.browser import NewPage
from tests.conftest import PASSWORD
from tests.programs import PYTHON, Program


@dataclass(frozen=True)
class Site:
    url: str
    email: str
    password: str
    instance: Path


@pytest.fixture(scope="session")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(migrated_sqlite, folder / "satchel.sqlite")
    # The code of a second factor may end before a slow browser has sent it.
    with run_site(folder, folder / "log", seconds=120, SECOND_FACTOR_LEEWAY=True) as running:
        yield running


@contextmanager
def run_site(folder: Path, log: Path, *, seconds: float, **settings: Any) -> Iterator[Site]:
    """`folder`: the instance, with its database. `seconds`: how long the start may take."""
    program = Program([*PYTHON, "flask", "serve", "--port", "0"], log, settings={"INSTANCE_PATH": folder, **settings})
    try:
        program.wait_for("with the password", seconds=seconds)
        url = re.search(r"ready on (\S+)", program.log())
        account = re.search(r"sign in as (\S+) with the password (\S+)", program.log())
        assert url
        assert account
        yield Site(url[1], account[1], account[2], folder)
    finally:
        program.stop()


@pytest.fixture
def signed_in(site: Site, new_page: NewPage) -> Page:
    return sign_in(site, new_page())


def sign_in(site: Site, page: Page) -> Page:
    return enter(page, site.url, site.email, site.password)


def enter(page: Page, url: str, email: str, password: str = PASSWORD) -> Page:
    """Through the form for those who have an account at the site of this address."""
    page.goto(f"{url}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def sign_up(site: Site, page: Page, name: str) -> Page:
    """An account of its own for a test that must not see another's archives."""
    page.goto(f"{site.url}/sign-up")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(f"{name.lower()}@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


@contextmanager
def serve(app: Flask) -> Iterator[str]:
    """In this process; the site's address, with a port of the system's choice."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
