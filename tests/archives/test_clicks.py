"""A hundred clicks in one moment, by HTTP, on the web server of docs/production.md: one request."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.models import User
from tests.chaos.browser import Browser, UnansweredError
from tests.conftest import PASSWORD
from tests.programs import PYTHON, Program, wait_until

pytestmark = pytest.mark.worker

CLICKS = 100
WEB = ("--workers", "2", "--threads", "8", "--no-control-socket")
PATIENT = {"DATABASE_LOCK_SECONDS": 300, "DATABASE_ANSWER_SECONDS": 300}
UNLIMITED = {"ARCHIVES_PER_DAY": None, "RATELIMIT_ENABLED": False}
"""The row alone decides."""
AT_ONCE = 8
"""Clicks that have looked and not written yet; the server has 16 threads."""


@pytest.fixture
def settings(postgresql_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    """PostgreSQL: SQLite lets one click after the other in."""
    return {**postgresql_settings, "REDIS_URL": valkey, **PATIENT, **UNLIMITED}


@pytest.fixture
def serve(settings: dict[str, Any], ann: User, tmp_path: Path) -> Iterator[Callable[[str], Browser]]:
    """Starts gunicorn on the application of this module; Ann has signed in."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        programs: list[Program] = []

        def start(module: str) -> Browser:
            command = (*PYTHON, "gunicorn", f"{module}:flask_app", *WEB, "--bind", f"fd://{listener.fileno()}")
            log = tmp_path / "web.log"
            programs.append(Program(command, log, settings=settings, pass_fds=[listener.fileno()]))
            browser = Browser(listener.getsockname()[:2], 0, [])
            wait_until(lambda: answers(browser), what=f"a page: {programs[0].log()}")
            return browser

        yield start
        for program in programs:
            program.stop(seconds=0)


def answers(browser: Browser) -> bool:
    try:
        browser.get("/sign-in")
    except UnansweredError:
        return False
    return browser.post("/sign-in", email="ann@example.org", password=PASSWORD).status == 302


def click_at_once(browser: Browser, url: str) -> list[int]:
    """Statuses of the answers. No click is written before so many have looked."""
    browser.get("/archives/")
    with ThreadPoolExecutor(CLICKS) as pool:
        with nobody_writes(url) as count_waiting:
            clicks = [pool.submit(browser.post, "/archives/", part_size="") for _ in range(CLICKS)]
            wait_until(lambda: count_waiting() >= AT_ONCE, what="clicks that want to write")
        return [click.result().status for click in clicks]


@contextmanager
def nobody_writes(url: str) -> Iterator[Callable[[], int]]:
    """Rows of `archive` can be read, and not written. Yields how many connections wait to write.

    The first waits for the table; others of the same person wait for the first.
    """
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE archive IN SHARE MODE")
        yield lambda: int(connection.execute(waiting).fetchall()[0][0])


def count_requests(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(connection.execute("SELECT count(*) FROM archive").fetchall()[0][0])


def test_a_hundred_clicks_make_one_request(serve: Callable[[str], Browser], settings: dict[str, Any]) -> None:
    assert click_at_once(serve("make_celery"), settings["DATABASE_URL"]) == [303] * CLICKS
    assert count_requests(settings["DATABASE_URL"]) == 1


def test_check_then_insert_makes_several(serve: Callable[[str], Browser], settings: dict[str, Any]) -> None:
    """The control, without the index."""
    with psycopg.connect(settings["DATABASE_URL"]) as connection:
        connection.execute("DROP INDEX uq_archive_active")
    assert click_at_once(serve("tests.archives.check_then_insert"), settings["DATABASE_URL"]) == [303] * CLICKS
    assert count_requests(settings["DATABASE_URL"]) >= AT_ONCE
