"""One run: the stack, the crowd, faults in an order that the seed decides, then the judgement.

Two faults are under way at a time. The seed fixes which faults strike whom in which order. How the machine's processes
interleave meanwhile, nobody fixes.
"""

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from tests.chaos.aftermath import keep_logs, look_around, wait_until_settled
from tests.chaos.crowd import Crowd
from tests.chaos.faults import KINDS
from tests.chaos.kinds import Kind, Scene
from tests.chaos.people import make_people
from tests.chaos.record import Fault, Record
from tests.chaos.stack import Stack, run_stack

PEOPLE, QUIET = 24, 6
PATIENCE = 60.0
"""Seconds that a person waits for an archive; in the control a third of it, since most of them wait in vain."""
SETTLES = 45.0
"""Seconds after the last fault until everything must be served."""
HANDS = 2


def run(count: int, seed: int, *, only: Sequence[str] = (), control: bool = False, logs: Path | None = None) -> Record:
    """`count`: of faults. `only`: names of kinds; none: all. `control`: with the tutorial's settings.

    `logs`: a folder for what the programs printed.
    """
    rng, record = random.Random(seed), Record(seed, control)
    with timed(record), run_stack(control=control) as stack:
        people = make_people(stack.settings, PEOPLE + QUIET, rng)
        patience = PATIENCE / 3 if control else PATIENCE
        with Crowd(stack, people[QUIET:], rng, record, patience=patience):
            scene = Scene(stack, random.Random(rng.random()), people, people[:QUIET])
            record.faults = _strike_all(_deal(_find_kinds(only, stack), count, rng), scene)
        wait_until_settled(stack, 10 if control else SETTLES)
        look_around(stack, people, record, sweeps=not control)
        if logs:
            keep_logs(stack, logs)
    return record


@contextmanager
def timed(record: Record) -> Iterator[None]:
    began = time.monotonic()
    yield
    record.seconds = time.monotonic() - began


def _find_kinds(only: Sequence[str], stack: Stack) -> list[Kind]:
    kinds = [KINDS[name] for name in only or KINDS]
    return [kind for kind in kinds if not kind.name.startswith("beat ") or "beat" in stack.services]


def _deal(kinds: Sequence[Kind], count: int, rng: random.Random) -> list[list[Kind]]:
    """Like cards, to each hand from a pack of its own: no kind meets itself, and each comes once before any again."""
    shuffled = rng.sample(kinds, len(kinds))
    packs = [pack for number in range(HANDS) if (pack := shuffled[number::HANDS])]
    return [_draw(pack, len(range(number, count, len(packs))), rng) for number, pack in enumerate(packs)]


def _draw(pack: Sequence[Kind], count: int, rng: random.Random) -> list[Kind]:
    drawn: list[Kind] = []
    while len(drawn) < count:
        drawn += rng.sample(pack, len(pack))
    return drawn[:count]


def _strike_all(hands: Sequence[Sequence[Kind]], scene: Scene) -> list[Fault]:
    scenes = [replace(scene, rng=random.Random(scene.rng.random())) for _ in hands]
    with ThreadPoolExecutor(len(hands)) as pool:
        struck = pool.map(lambda hand, own: [_strike(kind, own) for kind in hand], hands, scenes)
        return sorted(chain.from_iterable(struck), key=lambda fault: fault.began)


def _strike(kind: Kind, scene: Scene) -> Fault:
    """When somebody's archive is being made, if that is soon: a fault in an idle moment proves little."""
    time.sleep(scene.rng.uniform(0.1, 0.8))
    deadline = time.monotonic() + 1
    while not scene.stack.count_running() and time.monotonic() < deadline:
        time.sleep(0.02)
    began = time.time()
    kind.strike(scene)
    return Fault(kind, began, time.time())
