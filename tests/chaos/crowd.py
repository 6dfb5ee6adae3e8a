"""Several people at a time, each with one archive after the other, for as long as faults go on."""

import random
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.chaos.browser import Browser, Page
from tests.chaos.people import Person
from tests.chaos.stack import Stack
from tests.chaos.visit import Download, ImpatientError, Visit

AT_ONCE = 5


class Crowd:
    """Use it in a `with` block: at its end each visit that has begun is brought to its end."""

    def __init__(self, stack: Stack, people: Sequence[Person], rng: random.Random, patience: float) -> None:
        self._stack, self._patience = stack, patience
        self._idle = list(people)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.pages: list[Page] = []
        self.clicks: list[str] = []
        self.downloads: list[Download] = []
        self.errors: list[BaseException] = []
        seeds = [rng.random() for _ in range(AT_ONCE)]
        self._threads = [threading.Thread(target=self._run, args=[random.Random(seed)]) for seed in seeds]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, rng: random.Random) -> None:
        try:
            while not self._over.wait(rng.random() / 2) and (person := self._take(rng)):
                self._visit(person, rng)
        except BaseException as error:  # noqa: BLE001  # a thread has nobody to tell; the checker asks
            self.errors.append(error)

    def _take(self, rng: random.Random) -> Person | None:
        with self._lock:
            return self._idle.pop(rng.randrange(len(self._idle))) if self._idle else None

    def _visit(self, person: Person, rng: random.Random) -> None:
        """Whoever waits in vain does not come back; the database tells the checker about their request."""
        visit = self._begin(person, rng)
        try:
            self.downloads.append(visit.request_and_download())
        except ImpatientError:
            return
        self._idle.append(person)

    def _begin(self, person: Person, rng: random.Random) -> Visit:
        browser = Browser(self._stack.address, person.number, self.pages)
        return Visit(browser, person, rng, patience=self._patience, clicks=self.clicks)

    def fetch(self, person: Person, archive_ids: Sequence[str]) -> None:
        """Somebody comes back later for what nobody has downloaded yet."""
        visit = self._begin(person, random.Random(0))
        try:
            visit.sign_in()
            self.downloads.extend(visit.download(archive_id) for archive_id in archive_ids)
        except ImpatientError:
            return
