"""Nobody holds a thread of the web server for long by taking what is sent, or sending what is read, at no pace.

Each block that is sent, and each wait for bytes of a form, may take CLIENT_SECONDS; then the connection is closed. A
download that was cut off can be resumed.
"""

import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_UNSENT_BYTES = 128 * 1024
"""So little lies ready in the kernel that a block counts as taken only when the client takes it."""


def init_app(app: Flask) -> None:
    """Around everything else: the first that looks at a form waits for it already."""
    answer = app.wsgi_app

    def answer_in_time(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        limit_patience(environ.get("gunicorn.socket"), app.config["CLIENT_SECONDS"])
        return answer(environ, start_response)

    app.wsgi_app = answer_in_time  # type: ignore[method-assign]


def limit_patience(client: socket.socket | None, seconds: float) -> None:
    """Gunicorn hands on its socket, and takes the limit off before the next request of the same connection."""
    if client is None:
        return
    client.settimeout(seconds)
    if client.family in {socket.AF_INET, socket.AF_INET6} and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
