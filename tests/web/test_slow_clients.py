"""Forty connections that take nothing, on the web server of docs/production.md: everybody else is answered."""

import io
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.archives import making, service
from app.journal.attachments import Upload
from app.journal.entries import Draft, add_entry
from app.models import User
from tests.programs import PYTHON, Program, wait_until
from tests.web.conftest import SignIn

pytestmark = pytest.mark.worker

STALLED = 40
FORMS = 8
FORM = "application/x-www-form-urlencoded"
THREADS = 8
BYTES = 12 * 1024**2
"""More than lies in the buffers between server and client."""
PATIENCE = 2.0
"""Seconds that a page may be missing until the control calls the site stopped."""
LIMITLESS = {"DOWNLOADS_AT_ONCE": 1000, "CLIENT_SECONDS": 600}

Address = tuple[str, int]
Start = Callable[..., Address]


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey}


@pytest.fixture
def download(app: Flask, ann: User) -> str:
    """The path of an archive of Ann's."""
    with app.app_context():
        add_entry(ann.id, Draft(title="A film", body=""), [Upload("film.bin", io.BytesIO(os.urandom(BYTES)))])
        archive_id, _ = service.request_archive(ann.id)
        making.generate(ann.id)
    return f"/archives/{archive_id}/download"


@pytest.fixture
def start(settings: dict[str, Any], tmp_path: Path) -> Iterator[Start]:
    """Starts gunicorn with these settings."""
    with ExitStack() as stack:

        def start(**more: Any) -> Address:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
            options = ("--threads", str(THREADS), "--no-control-socket", "--bind", f"fd://{listener.fileno()}")
            command = (*PYTHON, "gunicorn", "make_celery:flask_app", *options)
            given = {**settings, "RATELIMIT_ENABLED": True, **more}
            web = Program(command, tmp_path / "web.log", settings=given, pass_fds=[listener.fileno()])
            stack.callback(web.stop, seconds=0)
            web.wait_for("Booting worker")
            host, port = listener.getsockname()
            return host, port

        yield start


def cookie_of(browser: FlaskClient) -> str:
    found = browser.get_cookie("session")
    assert found
    return f"session={found.value}"


def stall(address: Address, path: str, cookie: str, stack: ExitStack, *, forms: int = 0) -> list[socket.socket]:
    """So many who ask for it and take nothing; `forms` of them send half a form instead."""
    asked = []
    for number in range(STALLED):
        client = stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(address)
        begin = f"GET {path}" if number >= forms else "POST /sign-in"
        length = (
            "" if number >= forms else "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 999\r\n"
        )
        client.sendall(f"{begin} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n{length}\r\n".encode())
        asked.append(client)
    return asked


def ask(address: Address, cookie: str, *, seconds: float = 60) -> int:
    """The status of a page. Raises TimeoutError."""
    connection = HTTPConnection(*address, timeout=seconds)
    try:
        connection.request("GET", "/journal", headers={"Cookie": cookie, "Host": "localhost"})
        return connection.getresponse().status
    finally:
        connection.close()


def ask_often(address: Address, cookie: str) -> None:
    """Until it has to be waited for: the last of those that stall may still be on their way."""
    for _ in range(1000):
        ask(address, cookie, seconds=PATIENCE)


def status_of(client: socket.socket) -> int:
    client.settimeout(60)
    return int(client.recv(12).split()[1])


def test_only_three_of_forty_are_served_and_others_read_on(
    start: Start, sign_in: SignIn, ann: User, bob: User, download: str
) -> None:
    address = start()
    with ExitStack() as stack:
        stalled = stall(address, download, cookie_of(sign_in(ann)), stack)
        assert ask(address, cookie_of(sign_in(bob))) == 200
        assert sorted(map(status_of, stalled)) == [200] * 3 + [429] * (STALLED - 3)


def test_who_takes_or_sends_nothing_is_given_up(
    start: Start, sign_in: SignIn, ann: User, bob: User, download: str
) -> None:
    """Even if forty downloads were allowed: the threads come back."""
    address = start(**LIMITLESS | {"CLIENT_SECONDS": 0.2})
    with ExitStack() as stack:
        stall(address, download, cookie_of(sign_in(ann)), stack, forms=FORMS)
        assert ask(address, cookie_of(sign_in(bob))) == 200


def test_without_both_limits_the_site_stands_still(
    start: Start, sign_in: SignIn, ann: User, bob: User, download: str
) -> None:
    """The control."""
    address = start(**LIMITLESS)
    bobs = cookie_of(sign_in(bob))
    wait_until(lambda: ask(address, bobs) == 200, what="a page")
    with ExitStack() as stack:
        stall(address, download, cookie_of(sign_in(ann)), stack)
        with pytest.raises(TimeoutError):
            ask_often(address, bobs)
