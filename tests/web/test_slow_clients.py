"""Forty connections that take nothing, on the web server of docs/production.md: everybody else is answered."""

import io
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
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
FORM_WITH_FILES = "multipart/form-data; boundary=x"
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
        add_entry(
            ann.id,
            Draft(title="A film", body=""),
            [Upload("film.mpg", io.BytesIO(b"\0\0\1\xba" + os.urandom(BYTES - 4)))],
        )
        archive_id, _ = service.request_archive(ann.id)
        making.generate(ann.id)
    return f"/archives/{archive_id}/download"


@pytest.fixture
def start(settings: dict[str, Any], tmp_path: Path) -> Iterator[Start]:
    """Starts gunicorn with these settings. Its log: `web.log`."""
    with ExitStack() as stack:

        def start(module: str = "make_celery", **more: Any) -> Address:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
            options = ("--threads", str(THREADS), "--no-control-socket", "--bind", f"fd://{listener.fileno()}")
            command = (*PYTHON, "gunicorn", f"{module}:flask_app", *options)
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


@contextmanager
def trickle(address: Address) -> Iterator[list[socket.socket]]:
    """As many as there are threads, who send a byte of a form ten times a second."""
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(address)) for _ in range(THREADS)]
        for client in clients:
            head = f"POST /language HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 9999"
            client.sendall(f"{head}\r\n\r\n".encode())
        is_over = Event()

        def send() -> None:
            while not is_over.wait(0.1):
                for client in clients:
                    with suppress(OSError):  # it was given up
                        client.send(b"a")

        sender = Thread(target=send)
        sender.start()
        stack.callback(sender.join)
        stack.callback(is_over.set)
        yield clients


def post_slowly(address: Address, cookie: str, body: bytes, *, pieces: int, pause: float) -> int:
    """The status."""
    with socket.create_connection(address) as client:
        head = f"POST /journal/new HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n"
        form = f"Content-Type: {FORM_WITH_FILES}\r\nContent-Length: {len(body)}"
        client.sendall(f"{head}{form}\r\n\r\n".encode())
        size = len(body) // pieces + 1
        for at in range(0, len(body), size):
            client.sendall(body[at : at + size])
            time.sleep(pause)
        return status_of(client)


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


def test_who_sends_a_byte_at_a_time_is_given_up(start: Start, sign_in: SignIn, bob: User, tmp_path: Path) -> None:
    address = start(CLIENT_SECONDS=1)
    with trickle(address) as clients:
        assert ask(address, cookie_of(sign_in(bob))) == 200
        for client in clients:
            client.settimeout(60)
            with suppress(ConnectionError):
                assert client.recv(1) == b""
    log = (tmp_path / "web.log").read_text()
    assert log.count("Gave up a client that sends too slowly: 127.0.0.1") == THREADS
    assert "Traceback" not in log


def test_where_only_silence_counts_they_hold_every_thread(start: Start, sign_in: SignIn, bob: User) -> None:
    """The control."""
    address = start("tests.web.without_pace", CLIENT_SECONDS=1)
    bobs = cookie_of(sign_in(bob))
    assert ask(address, bobs) == 200
    with trickle(address), pytest.raises(TimeoutError):
        ask(address, bobs, seconds=10)


def test_who_sends_slowly_at_a_pace_is_waited_for(start: Start, sign_in: SignIn, bob: User) -> None:
    """A megabyte in five seconds, where it may take eight; the title is too long."""
    field = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n' + b"a" * 1024**2 + b"\r\n--x--\r\n"
    address = start(CLIENT_SECONDS=2, WTF_CSRF_ENABLED=False)
    assert post_slowly(address, cookie_of(sign_in(bob)), field, pieces=10, pause=0.5) == 422


@pytest.mark.parametrize("module", ["make_celery", "tests.web.without_pace"], ids=["", "control"])
def test_half_a_form_is_none(start: Start, app: Flask, module: str) -> None:
    """The client goes away in the middle of its text."""
    address = start(module)
    with socket.create_connection(address) as client:
        head = f"POST /language HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 9999"
        client.sendall(f"{head}\r\n\r\nlanguage=vi".encode())
        client.shutdown(socket.SHUT_WR)
        assert status_of(client) == (400 if module == "make_celery" else 303)
