"""A real browser for tests: `browser` for the session, `new_page` for pages that fail their test on any error.

None found: tests skip on a developer's machine and fail where `CI` is set, so that nobody takes silence for success.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

NewPage = Callable[..., Page]


def find_browser() -> str | None:
    """The path of a browser; None stands for the one that Playwright may have installed itself."""
    return os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright) -> Browser:
    """Raises Error when there is no browser."""
    # Chromium's sandbox refuses to work for root, which is who tests are in many containers.
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.getuid() == 0 else [])]
    return playwright.chromium.launch(executable_path=find_browser(), args=arguments)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            found = launch(playwright)
        except Error as error:
            _miss(error.message)
        yield found
        found.close()


def _miss(reason: str) -> None:
    advice = f"No browser: set BROWSER_PATH or install chromium-headless-shell. {reason.splitlines()[0]}"
    if os.environ.get("CI"):
        pytest.fail(advice)
    pytest.skip(advice)


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    """Ends what is entered into it after the pages: one that still loads its style would complain of the server."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def new_page(browser: Browser, servers: ExitStack) -> Iterator[NewPage]:
    """Makes pages, each in a context of its own: `new_page(color_scheme="dark", java_script_enabled=False, …)`.

    The test fails if a page wrote an error to the console or threw one, unless it was made with `may_err=True`.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(*, may_err: bool = False, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        if not may_err:
            page.on("console", lambda message: errors.extend(_complaints(message)))
            page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not errors, "\n".join(errors)


def _complaints(message: ConsoleMessage) -> list[str]:
    return [f"{message.location.get('url')}: {message.text}"] if message.type in {"error", "warning"} else []
