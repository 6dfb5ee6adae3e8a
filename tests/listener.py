"""A port of this machine whose clients are met, each by a thread, until it is closed: then all ends that has begun."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

HOST = "127.0.0.1"


class Listener:
    def __init__(self, meet: Callable[[socket.socket], None]) -> None:
        """`meet`: in the thread that accepts; whatever takes long is for `begin`."""
        self._meet = meet
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def begin(self, target: Callable[..., None], *given: Any) -> None:
        """In a thread of its own."""
        self._threads.append(threading.Thread(target=target, args=given))
        self._threads[-1].start()

    def keep(self, end: socket.socket) -> None:
        """Until it is closed."""
        self._open.append(end)

    def close(self) -> None:
        shut(self._listener)
        self._accepting.join()
        for each in list(self._open):
            shut(each)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._open):
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # shut: the test is over
            while True:
                client, _ = self._listener.accept()
                self.keep(client)
                self._meet(client)


def shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
