"""Archives in a real browser: of three files, light and dark, wide and narrow, without JavaScript; and one waiting."""

import datetime as dt
import hashlib
import re
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from app.archives import service
from app.models import User
from tests.accessibility import check
from tests.archives.conftest import load
from tests.archives.parts import finish_in_parts
from tests.browser import NewPage
from tests.site import enter, serve

pytestmark = pytest.mark.browser

EMAIL = "ann@example.org"


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey, "ARCHIVE_PART_SIZES": [1024, 2 * 1024**3]}


@pytest.fixture
def url(app: Flask, servers: ExitStack) -> str:
    return servers.enter_context(serve(app))


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 320), ("light", 1280), ("dark", 1280)])
def test_the_list_of_parts(url: str, ann: User, waiting: str, new_page: NewPage, scheme: str, width: int) -> None:
    finish_in_parts(ann.id)
    page = enter(new_page(color_scheme=scheme, viewport={"width": width, "height": 900}), url, EMAIL)
    page.goto(f"{url}/archives/new")
    expect(page.get_by_label("Size of each file")).to_be_visible()
    check(page, "the choice", in_light=scheme == "dark")
    page.goto(f"{url}/archives/{waiting}")
    page.get_by_text("Check the files", exact=True).click()
    expect(page.get_by_text("-part3.zip")).to_be_visible()
    check(page, "the parts", in_light=scheme == "dark")


def test_choosing_and_downloading_without_javascript(url: str, ann: User, new_page: NewPage) -> None:
    page = enter(new_page(java_script_enabled=False), url, EMAIL)
    page.goto(f"{url}/archives/new")
    page.get_by_label("Size of each file").select_option(label="2 GB")
    page.get_by_role("button", name="Request an archive").click()
    expect(page.get_by_text("Files of up to 2 GB").first).to_be_visible()
    finish_in_parts(ann.id)
    page.reload()
    with page.expect_download() as started:
        page.get_by_role("link", name="Download part 2 of 3").click()
    (archive,) = service.list_archives(ann.id)
    part = service.list_parts(archive.id)[1]
    assert started.value.suggested_filename.endswith(f"-{archive.reference}-part2.zip")
    assert hashlib.sha256(started.value.path().read_bytes()).hexdigest() == part.sha256
    page.reload()
    expect(page.get_by_text("Downloaded once")).to_have_count(1)
    assert load(archive.id).part_size == 2 * 1024**3


def test_a_choice_that_was_tampered_with_is_explained(url: str, ann: User, new_page: NewPage) -> None:
    page = enter(new_page(may_err=True), url, EMAIL)  # the browser's console notes the answer 422
    page.goto(f"{url}/archives/new")
    page.evaluate("document.querySelector('#part_size option').value = '5'")
    page.get_by_role("button", name="Request an archive").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose one of the sizes in the list.")
    check(page, "the error")


def test_a_page_asks_soon_and_then_when_the_server_says(url: str, ann: User, waiting: str, new_page: NewPage) -> None:
    """A small archive is ready within a fraction of a second; who waits longer asks no more often than before."""
    page = enter(new_page(), url, EMAIL)
    asked: list[str] = []
    noon = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/status") else None)
    page.clock.install(time=noon)
    page.clock.pause_at(noon + dt.timedelta(seconds=1))
    page.goto(f"{url}/archives/{waiting}")
    page.evaluate("document.querySelector('[data-percent]').textContent = ''")
    page.clock.run_for(249)
    page.title()  # by now a question would be known
    assert asked == []
    with page.expect_response(f"**/{waiting}/status") as answered:
        page.clock.run_for(1)
    pause = answered.value.json()["poll_after"]
    assert pause >= 2
    expect(page.locator("[data-percent]")).to_have_text("Queued")  # it has read the answer
    expect(page).to_have_title(re.compile(f"^Queued – archive {load(waiting).reference} – "))
    page.clock.run_for(1000 * pause - 1)
    page.title()
    assert len(asked) == 1
    with page.expect_response(f"**/{waiting}/status"):
        page.clock.run_for(2)
