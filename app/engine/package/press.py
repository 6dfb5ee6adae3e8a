"""Hashes, compresses and writes in a thread of its own, while the next rows are read and encoded.

Both release Python's lock, so two cores are used. One thread, and jobs in their order: the same work gives the same
bytes.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

MOST_WAITING = 16
"""Jobs, each with a batch of one format, so that memory stays flat however slow the disk is."""
GATHERED = 128 * 1024
"""Bytes of small jobs that are handed over together: to hand over one takes longer than to do it."""


class Press:
    """An error in a job is raised by one of the calls that come next, and by `wait` at the latest."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "press")
        self._waiting: deque[Future[Any]] = deque()
        self._gathered: list[Callable[[], object]] = []
        self._bytes = 0

    def stop(self) -> None:
        """After the job that is being done; the others are dropped."""
        self._thread.shutdown(cancel_futures=True)

    def do(self, job: Callable[..., object], *arguments: object, size: int = GATHERED) -> None:
        """As soon as the jobs before it are done. `size`: bytes; without it, it is a large job."""
        self._gathered.append(partial(job, *arguments))
        self._bytes += size
        if self._bytes >= GATHERED:
            self._hand_over()

    def _hand_over(self) -> None:
        self._waiting.append(self._thread.submit(_do_all, self._gathered))
        self._gathered, self._bytes = [], 0
        while len(self._waiting) > MOST_WAITING or (self._waiting and self._waiting[0].done()):
            self._waiting.popleft().result()

    def wait(self) -> None:
        """Until all is done."""
        if self._gathered:
            self._hand_over()
        while self._waiting:
            self._waiting.popleft().result()


def _do_all(jobs: list[Callable[[], object]]) -> None:
    for job in jobs:
        job()
