"""Hashes, compresses and writes in a thread of its own, while the next rows are read and encoded.

Both release Python's lock, so two cores are used. One thread, and jobs in their order: the same work gives the same
bytes.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

MOST_WAITING = 16
"""Jobs, each with a batch of one format, so that memory stays flat however slow the disk is."""

Answer = TypeVar("Answer")


class Press:
    """An error in a job is raised by whichever call comes next."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "press")
        self._waiting: deque[Future[Any]] = deque()

    def stop(self) -> None:
        """After the job that is being done; the others are dropped."""
        self._thread.shutdown(cancel_futures=True)

    def do(self, job: Callable[..., object], *arguments: object) -> None:
        """As soon as the jobs before it are done."""
        self._waiting.append(self._thread.submit(job, *arguments))
        while len(self._waiting) > MOST_WAITING or (self._waiting and self._waiting[0].done()):
            self._waiting.popleft().result()

    def call(self, job: Callable[..., Answer], *arguments: object) -> Answer:
        """Do it, and wait for what it returns or raises."""
        self.wait()
        return self._thread.submit(job, *arguments).result()

    def wait(self) -> None:
        """Until all is done."""
        while self._waiting:
            self._waiting.popleft().result()
