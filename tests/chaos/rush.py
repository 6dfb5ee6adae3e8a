"""Everybody at once: they sign in a few at a time, and when all have, all click in the same moment.

Nothing is broken meanwhile. A thousand people who sign in at once wait minutes for the hashes of their passwords, on
two cores: that is another question.

`make rush PEOPLE=1000`.
"""

import math
import random
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.chaos.aftermath import keep_logs, look_around, wait_until_settled
from tests.chaos.browser import GIVES_UP
from tests.chaos.crowd import begin_visit
from tests.chaos.judge import Limits
from tests.chaos.people import Person, make_people
from tests.chaos.record import Record
from tests.chaos.stack import Stack, run_stack
from tests.chaos.stopping import until_stopped

SIZES = (10, 60)
"""Entries in a journal: small archives."""
PATIENCE = 1800.0
AT_THE_DOOR = 12
LIMITS = Limits(page=GIVES_UP, archive=math.inf)
"""Whoever stands in a line waits for their turn."""


def rush(count: int, seed: int, *, logs: Path | None = None) -> Record:
    """`count`: of people. `logs`: a folder for what the programs printed."""
    began, record = time.monotonic(), Record(seed)
    with run_stack() as stack:
        seen = until_stopped(stack, record, partial(_rush, stack, record, count))
        if logs:
            keep_logs(stack, logs)
    seen.seconds = time.monotonic() - began
    return seen


def _rush(stack: Stack, record: Record, count: int) -> None:
    rng = random.Random(record.seed)
    people = make_people(stack.settings, count, rng, SIZES)
    _let_everybody_in(stack, people, rng, record)
    wait_until_settled(stack, seconds=60)
    look_around(stack, people, record)


def _let_everybody_in(stack: Stack, people: Sequence[Person], rng: random.Random, record: Record) -> None:
    """Threads that end with the program: whoever stops it need not wait for a thousand people."""
    door, gate = threading.Semaphore(AT_THE_DOOR), threading.Barrier(len(people))
    given = [(stack, person, random.Random(rng.random()), record, door, gate) for person in people]
    threads = [threading.Thread(target=_visit, args=each, daemon=True) for each in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _visit(
    stack: Stack,
    person: Person,
    rng: random.Random,
    record: Record,
    door: threading.Semaphore,
    gate: threading.Barrier,
) -> None:
    try:
        visit = begin_visit(stack, person, rng, record, patience=PATIENCE)
        with door:
            visit.sign_in()
        gate.wait(PATIENCE)
        record.downloads.append(visit.request_and_download())
    except BaseException as error:  # noqa: BLE001  # a thread has nobody to tell; the checker asks
        record.errors.append(error)
        gate.abort()  # the others need not wait for somebody who does not come
