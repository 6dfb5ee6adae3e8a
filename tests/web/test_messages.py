"""Where one request ends and the next begins, as the real web server sees it: nobody smuggles one inside another."""

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.programs import PYTHON, Program

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("server")
    command = [*PYTHON, "gunicorn", "make_celery:flask_app", "--no-control-socket", "--threads", "2"]
    settings: dict[str, Any] = {"INSTANCE_PATH": str(folder / "instance")}
    program = Program([*command, "--bind", "127.0.0.1:0"], folder / "log", settings=settings)
    try:
        program.wait_for("Booting worker")
        found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", program.log())
        assert found
        yield int(found[1])
    finally:
        program.stop(seconds=0)


def exchange(port: int, sent: bytes) -> list[int]:
    """The status of each answer, until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    return [int(code) for code in re.findall(rb"^HTTP/1\.1 (\d{3})", received, re.MULTILINE)]


def post(headers: str, body: bytes) -> bytes:
    return f"POST /healthz HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode() + body


UNCLEAR = {
    "a length and chunks": post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "two lengths": post(f"Content-Length: 0\r\nContent-Length: {len(SMUGGLED)}\r\n", SMUGGLED),
    "a length that is none": post("Content-Length: +0\r\n", SMUGGLED),
    "chunks that are none": post("Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "a blank before the colon": post("Transfer-Encoding : chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "a folded line": post("X: y\r\n Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "a size of chunk that is none": post("Transfer-Encoding: chunked\r\n", b"0x0\r\n\r\n" + SMUGGLED),
}


@pytest.mark.parametrize("kind", UNCLEAR)
def test_a_message_whose_end_is_unclear_hides_no_other(port: int, kind: str) -> None:
    codes = exchange(port, UNCLEAR[kind])
    assert 404 not in codes


def test_two_clear_messages_are_two(port: int) -> None:
    """The control: what follows a message that has ended is seen."""
    assert exchange(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + SMUGGLED)[-1] == 404
