"""A cable between a client and a server on this machine, which a test can cut at an exact byte, or make it lie."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.up, self.down = Way(), Way()
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []
        self._threads[0].start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self.up.let_go()
        self.down.let_go()
        _shut(self._listener)
        self._threads[0].join()
        for each in self._open:
            _shut(each)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._open):
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # shut: the test is over
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                try:
                    server = socket.create_connection(("127.0.0.1", self._server))
                except ConnectionRefusedError:
                    _shut(client)
                    continue
                self._open.append(server)
                self._connect(client, server, self.up)
                self._connect(server, client, self.down)

    def _connect(self, source: socket.socket, target: socket.socket, way: Way) -> None:
        thread = threading.Thread(target=_pass_on, args=(source, target, way))
        self._threads.append(thread)
        thread.start()


def _pass_on(source: socket.socket, target: socket.socket, way: Way) -> None:
    passed, torn = 0, False
    with contextlib.suppress(OSError):
        while not torn and (block := bytearray(source.recv(_BLOCK))):
            size = len(block)
            way.hold(passed + size)
            torn = way.change(block, passed)
            target.sendall(block)
            passed += size
    _shut(source)
    _shut(target)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def run_relay(endpoint: str) -> Iterator[Relay]:
    relay = Relay(int(endpoint.rpartition(":")[2]))
    try:
        yield relay
    finally:
        relay.close()
