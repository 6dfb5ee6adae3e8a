"""The examples page in a real browser."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser import NewPage
from tests.programs import Program
from tests.site import serve

pytestmark = [pytest.mark.browser, pytest.mark.worker]
SLOW = 60_000


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey, "EXAMPLES": True, "WTF_CSRF_ENABLED": True}


@pytest.fixture
def address(app: Flask, servers: ExitStack) -> str:
    return f"{servers.enter_context(serve(app))}/examples"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_add_and_process(new_page: NewPage, address: str, start_worker: Callable[..., Program]) -> None:
    start_worker()
    page = new_page()
    page.goto(address)
    page.get_by_label("b", exact=True).fill("38")
    press(page, "Add")
    expect(page.locator("#add-outcome")).to_have_text("Done. The result is 42.", timeout=SLOW)
    page.get_by_label("Steps").fill("3")
    press(page, "Process")
    outcome = page.locator("#process-outcome")
    expect(outcome).to_contain_text("of 3", timeout=SLOW)
    expect(outcome.get_by_role("progressbar")).to_have_attribute("max", "3")
    expect(outcome).to_have_text('Done. The result is {"current":3,"total":3}.', timeout=SLOW)


def test_a_worker_that_comes_late(new_page: NewPage, address: str, start_worker: Callable[..., Program]) -> None:
    page = new_page()
    page.goto(address)
    press(page, "Add")
    expect(page.locator("#add-outcome")).to_contain_text("No worker is running", timeout=SLOW)
    start_worker()
    expect(page.locator("#add-outcome")).to_have_text("Done. The result is 6.", timeout=SLOW)


def test_a_broker_that_has_gone(new_page: NewPage, address: str, valkey_server: tuple[Program, str]) -> None:
    page = new_page(may_err=True)  # the browser itself reports an answer of 503
    page.goto(address)
    valkey_server[0].kill()
    press(page, "Block")
    expect(page.locator("#block-outcome")).to_contain_text("The broker does not answer", timeout=SLOW)


def test_without_javascript(new_page: NewPage, address: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(address)
    press(page, "Add")
    expect(page.locator("body")).to_contain_text('{"result_id":"')
