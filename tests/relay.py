"""A cable between a client and a server on this machine, which a test can cut at an exact byte, or make it lie."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.listener import HOST, Listener, shut

_BLOCK = 64 * 1024


class Way:
    """What happens on the way in one direction. Guarded by its lock; spent when it has happened."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.cuts: list[int] = []
        """Each tears one connection after so many bytes."""
        self.lies_at: int | None = None
        """The byte at this place of a connection arrives changed, once; headers count."""
        self.holds_at: int | None = None
        """From this place on, nothing more arrives until it is let go."""
        self.held = threading.Event()
        self._let_go = threading.Event()

    def hold(self, passed: int) -> None:
        if self.holds_at is not None and passed >= self.holds_at:
            self.held.set()
            self._let_go.wait()

    def let_go(self) -> None:
        """Nothing is held any more."""
        self.holds_at = None
        self._let_go.set()

    def change(self, block: bytearray, passed: int) -> bool:
        """Whether the connection is torn now; `passed` bytes went before this block."""
        with self.lock:
            if self.lies_at is not None and passed <= self.lies_at < passed + len(block):
                block[self.lies_at - passed] ^= 1
                self.lies_at = None
            if not self.cuts or passed + len(block) < self.cuts[0]:
                return False
            del block[max(0, self.cuts.pop(0) - passed) :]
            return True


class Relay:
    """Passes bytes on until it is closed."""

    def __init__(self, port: int) -> None:
        self._server = port
        self.up, self.down = Way(), Way()
        self._listener = Listener(self._meet)

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self._listener.port}"

    def close(self) -> None:
        self.up.let_go()
        self.down.let_go()
        self._listener.close()

    def _meet(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection((HOST, self._server))
        except ConnectionRefusedError:
            shut(client)
            return
        self._listener.keep(server)
        self._listener.begin(_pass_on, client, server, self.up)
        self._listener.begin(_pass_on, server, client, self.down)


def _pass_on(source: socket.socket, target: socket.socket, way: Way) -> None:
    passed, torn = 0, False
    with contextlib.suppress(OSError):
        while not torn and (block := bytearray(source.recv(_BLOCK))):
            size = len(block)
            way.hold(passed + size)
            torn = way.change(block, passed)
            target.sendall(block)
            passed += size
    shut(source)
    shut(target)


@contextmanager
def run_relay(endpoint: str) -> Iterator[Relay]:
    relay = Relay(int(endpoint.rpartition(":")[2]))
    try:
        yield relay
    finally:
        relay.close()
