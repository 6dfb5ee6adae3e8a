"""Several people at a time, each with one archive after the other, for as long as faults go on."""

import random
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.chaos.browser import Browser
from tests.chaos.people import Person
from tests.chaos.record import Record
from tests.chaos.stack import Stack
from tests.chaos.visit import ImpatientError, Visit

AT_ONCE = 5


class Crowd:
    """Use it in a `with` block: at its end each visit is brought to its own, unless an error ends the block."""

    def __init__(
        self, stack: Stack, people: Sequence[Person], rng: random.Random, record: Record, *, patience: float
    ) -> None:
        self._stack, self._record, self._patience = stack, record, patience
        self._idle = list(people)
        self._lock = threading.Lock()
        self._over = threading.Event()
        seeds = [rng.random() for _ in range(AT_ONCE)]
        self._threads = [threading.Thread(target=self._run, args=[random.Random(seed)], daemon=True) for seed in seeds]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads if kind is None else ():
            thread.join()

    def _run(self, rng: random.Random) -> None:
        try:
            while not self._over.wait(rng.random() / 2) and (person := self._take(rng)):
                self._visit(person, rng)
        except BaseException as error:  # noqa: BLE001  # a thread has nobody to tell; the checker asks
            self._record.errors.append(error)

    def _take(self, rng: random.Random) -> Person | None:
        with self._lock:
            return self._idle.pop(rng.randrange(len(self._idle))) if self._idle else None

    def _visit(self, person: Person, rng: random.Random) -> None:
        """Whoever waits in vain does not come back; the database tells the checker about their request."""
        visit = begin_visit(self._stack, person, rng, self._record, patience=self._patience)
        try:
            self._record.downloads.append(visit.request_and_download())
        except ImpatientError:
            return
        self._idle.append(person)


def begin_visit(stack: Stack, person: Person, rng: random.Random, record: Record, *, patience: float) -> Visit:
    browser = Browser(stack.address, person.number, record.pages)
    return Visit(browser, person, rng, patience=patience, clicks=record.clicks)


def fetch(stack: Stack, person: Person, archive_ids: Sequence[str], record: Record) -> None:
    """Somebody comes back later for what nobody has downloaded yet."""
    visit = begin_visit(stack, person, random.Random(0), record, patience=60)
    try:
        visit.sign_in()
        record.downloads.extend(visit.download(archive_id) for archive_id in archive_ids)
    except ImpatientError:
        return
