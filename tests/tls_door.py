"""A door of TLS before a server of the tests that has none: PostgreSQL's wheel is built without, and so runs Swift."""

import contextlib
import select
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.certificates import Certificate
from tests.listener import HOST, Listener, shut

_BLOCK = 64 * 1024
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_GSS_REQUEST = struct.pack("!ii", 8, 80877104)
"""What PostgreSQL's clients ask before they begin: may we speak in this way?"""


class Door:
    """Passes on what clients say until it is closed."""

    def __init__(self, inside: int | Path, certificate: Certificate | None, *, is_asked: bool) -> None:
        self._inside = inside
        self._context: ssl.SSLContext | None = None
        if certificate:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(*certificate)
        self._is_asked = is_asked
        self.came: list[str | None] = []
        """The version of TLS of each client that has said something inside; None: it came without."""
        self._listener = Listener(self._meet)
        self.port = self._listener.port

    @property
    def has_tls(self) -> bool:
        return self._context is not None

    def close(self) -> None:
        self._listener.close()

    def _meet(self, client: socket.socket) -> None:
        client.settimeout(30)
        self._listener.begin(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):  # who does not like our certificate hangs up
            said = b""
            if self._is_asked:
                client, said = self._answer(client)
            elif self._context:
                client = self._secure(client, self._context)
            said = said or client.recv(_BLOCK)
            if not said:
                raise ConnectionResetError  # it looks at the name after all else
            self.came.append(client.version() if isinstance(client, ssl.SSLSocket) else None)
            server = self._reach()
            server.sendall(said)
            _pass_on(client, server)
        shut(client)

    def _answer(self, client: socket.socket) -> tuple[socket.socket, bytes]:
        """The client as it is to be spoken with, and what it has already said to the server."""
        while said := client.recv(len(_SSL_REQUEST)):
            if said == _SSL_REQUEST and self._context:
                client.sendall(b"S")
                return self._secure(client, self._context), b""
            if said not in {_SSL_REQUEST, _GSS_REQUEST}:
                return client, said
            client.sendall(b"N")
        raise ConnectionResetError

    def _secure(self, client: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        secured = context.wrap_socket(client, server_side=True)
        self._listener.keep(secured)
        return secured

    def _reach(self) -> socket.socket:
        if isinstance(self._inside, int):
            server = socket.create_connection((HOST, self._inside))
        else:
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._inside))
        self._listener.keep(server)
        return server


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    """In one thread: OpenSSL does not read and write for two at once."""
    other = {client: server, server: client}
    while True:
        has_more = isinstance(client, ssl.SSLSocket) and client.pending()
        for source in [client] if has_more else select.select([client, server], (), ())[0]:
            block = source.recv(_BLOCK)
            if not block:
                shut(server)
                return
            other[source].sendall(block)


@contextmanager
def run_door(inside: int | Path, certificate: Certificate | None, *, is_asked: bool = False) -> Iterator[Door]:
    """Before a port or a socket. Without a certificate it has no TLS.

    `is_asked`: whether it has, as PostgreSQL's clients do; others speak TLS from the first byte.
    """
    door = Door(inside, certificate, is_asked=is_asked)
    try:
        yield door
    finally:
        door.close()
