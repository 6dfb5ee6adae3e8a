"""Nobody holds a thread of the web server for long by taking what is sent, or sending what is read, at no pace.

Each block that is sent, and each 256 KiB of a form that comes, may take CLIENT_SECONDS; then the connection is closed.
A download that was cut off can be resumed.
"""

import io
import logging
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.wsgi import get_content_length

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import InputStream, StartResponse, WSGIEnvironment

PACE_BYTES = 256 * 1024
_UNSENT_BYTES = 128 * 1024
"""So little lies ready in the kernel that a block counts as taken only when the client takes it."""


def init_app(app: Flask) -> None:
    """Around everything else: the first that looks at a form waits for it already."""
    answer = app.wsgi_app

    def answer_in_time(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        client, seconds = environ.get("gunicorn.socket"), app.config["CLIENT_SECONDS"]
        if client is not None:
            limit_patience(client, seconds)
            environ["wsgi.input"] = PacedBody(environ, client, seconds, app.logger)
        return answer(environ, start_response)

    app.wsgi_app = answer_in_time  # type: ignore[method-assign]


def limit_patience(client: socket.socket, seconds: float) -> None:
    """Gunicorn hands on its socket, and takes the limit off before the next request of the same connection."""
    client.settimeout(seconds)
    if client.family in {socket.AF_INET, socket.AF_INET6} and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)


class PacedBody(io.RawIOBase):
    """What a client sends, as long as it comes at a pace.

    A socket's own limit is one for each piece: a byte a second would hold a thread for as long as somebody likes. Only
    another thread can end the waiting of this one, which gunicorn goes back to until it has a whole block.
    """

    def __init__(
        self, environ: "WSGIEnvironment", client: socket.socket, seconds: float, logger: logging.Logger
    ) -> None:
        self._environ, self._client, self._logger = environ, client, logger
        self._body: InputStream = environ["wsgi.input"]
        self._seconds = self._left = seconds
        self._missing = get_content_length(environ)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Raises OSError where the client is too slow, or goes away in the middle: half a form is none."""
        view = memoryview(buffer)
        size = len(view) if self._missing is None else min(len(view), self._missing)
        data = self._read_in_time(size) if size else b""
        view[: len(data)] = data
        if self._missing is not None:
            self._missing -= len(data)
            if len(data) < size:
                raise ConnectionAbortedError("the client went away")
        return len(data)

    def _read_in_time(self, size: int) -> bytes:
        """Only waiting counts. What came sooner than it must wins time for what follows, up to CLIENT_SECONDS."""
        began = time.monotonic()
        end = Timer(self._left, self._give_up)
        end.daemon = True
        end.start()
        try:
            data = self._body.read(size)
        finally:
            end.cancel()
        self._left -= time.monotonic() - began
        if self._left <= 0:
            raise TimeoutError("the client is too slow")
        self._left = min(self._seconds, self._left + self._seconds * len(data) / PACE_BYTES)
        return data

    def _give_up(self) -> None:
        with suppress(OSError):  # it is closed already
            self._client.shutdown(socket.SHUT_RDWR)
        # Proxies may have said meanwhile who it is.
        self._logger.warning("Gave up a client that sends too slowly: %s", self._environ.get("REMOTE_ADDR"))
