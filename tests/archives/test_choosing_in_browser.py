"""Choosing in a real browser: the estimate follows, by script or by button, and the keyboard is enough."""

import re
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.archives import service
from app.models import User
from tests.accessibility import check
from tests.browser import NewPage
from tests.site import enter, serve

pytestmark = pytest.mark.browser

EMAIL = "ann@example.org"


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return sqlite_settings


@pytest.fixture
def url(app: Flask, journal: object, rung: list[str], servers: ExitStack) -> str:
    return servers.enter_context(serve(app))


def open_form(page: Page, url: str) -> str:
    """What it estimates at first."""
    enter(page, url, EMAIL)
    page.goto(f"{url}/archives/new")
    rows = page.locator("[data-rows]")
    expect(rows).to_have_text(re.compile(r"^\d+ rows$"))
    return rows.inner_text()


def test_the_estimate_follows_by_itself(url: str, ann: User, new_page: NewPage) -> None:
    page = new_page()
    at_first = open_form(page, url)
    expect(page.get_by_role("button", name="Update the estimate")).to_be_hidden()
    with page.expect_response("**/archives/new/estimate?**") as asked:
        page.get_by_label("Comments").uncheck()
    assert "csrf" not in asked.value.url
    expect(page.locator("[data-rows]")).not_to_have_text(at_first)
    page.get_by_label("First day").fill("2026-02-01")
    page.get_by_label("Last day").fill("2026-01-01")
    expect(page.get_by_text("The last day cannot be before the first.")).to_be_visible()
    check(page, "wrong dates")
    page.get_by_label("Last day").fill("2026-03-01")
    expect(page.get_by_text("The last day cannot be before the first.")).to_be_hidden()


def test_the_button_comes_back_when_the_server_does_not_answer(url: str, ann: User, new_page: NewPage) -> None:
    page = new_page(may_err=True)
    open_form(page, url)
    page.route("**/estimate?**", lambda route: route.abort())
    page.get_by_label("Comments").uncheck()
    expect(page.get_by_role("button", name="Update the estimate")).to_be_visible()


def test_without_scripts_the_button_does_it(url: str, ann: User, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    at_first = open_form(page, url)
    page.get_by_label("Comments").uncheck()
    page.get_by_role("button", name="Update the estimate").click()
    expect(page.locator("[data-rows]")).not_to_have_text(at_first)
    expect(page.get_by_label("Comments")).not_to_be_checked()
    page.get_by_role("button", name="Request an archive").click()
    expect(page.get_by_text("Everything but: Comments").first).to_be_visible()
    (archive,) = service.list_archives(ann.id)
    assert archive.choices.without == {"comment"}


def test_the_keyboard_is_enough(url: str, ann: User, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 320, "height": 700})
    open_form(page, url)
    comments = page.get_by_label("Comments")
    for _ in range(60):
        page.keyboard.press("Tab")
        if comments.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Space")
    expect(comments).not_to_be_checked()
    button = page.get_by_role("button", name="Request an archive")
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your archive")).to_be_visible()


def test_an_error_is_the_first_thing_that_is_read(url: str, ann: User, new_page: NewPage) -> None:
    page = new_page(may_err=True)  # the browser's console notes the answer 422
    open_form(page, url)
    page.get_by_label("First day").fill("2026-02-01")
    page.get_by_label("Last day").fill("2026-01-01")
    page.get_by_role("button", name="Request an archive").click()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("link", name="The last day cannot be before the first.").click()
    expect(page.get_by_label("Last day")).to_be_focused()
    check(page, "the error")


@pytest.mark.parametrize("colors", ["active", "none"])
def test_steps_are_told_apart_without_colour(url: str, ann: User, new_page: NewPage, colors: str) -> None:
    """Also where the system draws all colours itself."""
    service.request_archive(ann.id)
    page = enter(new_page(forced_colors=colors), url, EMAIL)
    page.route("**/status", lambda _: None)
    page.goto(f"{url}/your-data")
    expect(page.locator(".steps [aria-current=step]")).to_have_text("Waiting")
    expect(page.locator(".steps [aria-current] .is-now")).to_be_visible()
    expect(page.locator(".steps li:last-child .is-open")).to_be_visible()
    expect(page.locator(".steps li:last-child .is-now")).to_be_hidden()
    check(page, f"forced colours: {colors}")
