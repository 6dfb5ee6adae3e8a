"""Asks clamd, the daemon of ClamAV, what it knows of a file.

The protocol is a command, the bytes in blocks and one line of answer; a client of these few lines needs no library.
"""

import socket
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

from app.tls import is_here

PORT = 3310
CONNECT_SECONDS = 3
ANSWER_SECONDS = 30
"""So long it may take nothing, or say nothing: a proxy waits for a minute."""
_BLOCK = 64 * 1024
_REPLY_MOST = 4096


class ScannerSettingError(ValueError):
    """SCANNER_URL cannot be used; the message says why."""


class ScannerAwayError(Exception):
    """It does not answer, or not what it was asked."""


class Scanner(NamedTuple):
    place: str | tuple[str, int]
    """The path of its socket; or host and port."""

    def find(self, file: Path) -> str | None:
        """The name of what is in the file; None: nothing that it knows. Raises ScannerAwayError."""
        with file.open("rb") as opened:
            reply = self._ask(b"zINSTREAM\0", opened)
        if reply == "stream: OK":
            return None
        if reply.startswith("stream: ") and reply.endswith(" FOUND"):
            return reply.removeprefix("stream: ").removesuffix(" FOUND")
        raise ScannerAwayError(f"clamd answered {reply!r}")

    def answers(self) -> bool:
        """Raises ScannerAwayError."""
        return self._ask(b"zPING\0") == "PONG"

    def _ask(self, command: bytes, file: BinaryIO | None = None) -> str:
        try:
            with closing(self._connect()) as connection:
                with suppress(BrokenPipeError, ConnectionResetError):  # it has enough, and its answer says of what
                    connection.sendall(command)
                    _send(connection, file)
                return _read(connection)
        except OSError as error:
            raise ScannerAwayError(f"clamd does not answer: {error}") from error

    def _connect(self) -> socket.socket:
        if isinstance(self.place, tuple):
            connection = socket.create_connection(self.place, CONNECT_SECONDS)
        else:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(CONNECT_SECONDS)
            try:
                connection.connect(self.place)
            except BaseException:
                connection.close()
                raise
        connection.settimeout(ANSWER_SECONDS)
        return connection


def read_address(url: str) -> Scanner:
    """Raises ScannerSettingError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ScannerSettingError(_HINT) from error
    if parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/") and "\0" not in parts.path:
        return Scanner(parts.path)
    if parts.scheme != "tcp" or not host or parts.path.strip("/") or parts.username is not None:
        raise ScannerSettingError(_HINT)
    if not is_here(host):
        raise ScannerSettingError(
            "SCANNER_URL names another machine, and clamd speaks no TLS: everybody's files would go over the network "
            "for all to read. Let a clamd run on this machine, and name its socket or 127.0.0.1."
        )
    return Scanner((host, port or PORT))


_HINT = "SCANNER_URL must look like unix:///run/clamav/clamd.ctl or tcp://127.0.0.1:3310, or be unset."


def _send(connection: socket.socket, file: BinaryIO | None) -> None:
    while file and (block := file.read(_BLOCK)):
        connection.sendall(len(block).to_bytes(4, "big") + block)
    if file:
        connection.sendall(bytes(4))


def _read(connection: socket.socket) -> str:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < _REPLY_MOST and (block := connection.recv(_REPLY_MOST)):
        reply += block
    return reply.rstrip(b"\0\n").decode("utf-8", "replace")
