"""One run: the stack, the crowd, faults in an order that the seed decides, then the judgement.

Two faults are under way at a time, one of each hand. The seed fixes which faults of a hand strike whom in which
order. How the machine's processes interleave meanwhile, and so how many faults are whose, nobody fixes.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.chaos.aftermath import keep_logs, look_around, wait_until_settled
from tests.chaos.crowd import Crowd
from tests.chaos.faults import KINDS
from tests.chaos.kinds import Kind, Scene
from tests.chaos.people import make_people
from tests.chaos.record import Fault, Record
from tests.chaos.stack import Stack, run_stack
from tests.chaos.stopping import until_stopped

PEOPLE, QUIET = 24, 6
PATIENCE = 60.0
"""Seconds that a person waits for an archive; in the control a third of it, since most of them wait in vain."""
SETTLES = 45.0
"""Seconds after the last fault until everything must be served."""
HANDS = 2


def run(
    count: int,
    seed: int,
    *,
    only: Sequence[str] = (),
    control: bool = False,
    logs: Path | None = None,
    tell: Callable[[str], object] = str,
) -> Record:
    """`count`: of faults. `only`: names of kinds; none: all. `control`: with the tutorial's settings.

    `logs`: a folder for what the programs printed. `tell`: is told each fault when it has struck.
    """
    began, record = time.monotonic(), Record(seed, control)
    with run_stack(control=control) as stack:
        seen = until_stopped(stack, record, partial(_break_it, stack, record, count, only=only, tell=tell))
        if logs:
            keep_logs(stack, logs)
    seen.seconds = time.monotonic() - began
    return seen


def _break_it(stack: Stack, record: Record, count: int, *, only: Sequence[str], tell: Callable[[str], object]) -> None:
    rng = random.Random(record.seed)
    people = make_people(stack.settings, PEOPLE + QUIET, rng)
    with Crowd(stack, people[QUIET:], rng, record, patience=PATIENCE / 3 if record.control else PATIENCE):
        scene = Scene(stack, random.Random(rng.random()), people, people[:QUIET])
        _strike_all(_deal(_find_kinds(only, stack), rng), count, scene, record, tell)
    wait_until_settled(stack, 10 if record.control else SETTLES)
    look_around(stack, people, record, reconciles=not record.control)


def _find_kinds(only: Sequence[str], stack: Stack) -> list[Kind]:
    kinds = [KINDS[name] for name in only or KINDS]
    return [kind for kind in kinds if not kind.name.startswith("beat ") or "beat" in stack.services]


def _deal(kinds: Sequence[Kind], rng: random.Random) -> list[Iterator[Kind]]:
    """Like cards, to each hand from a pack of its own: no kind meets itself, and each comes once before any again."""
    shuffled = rng.sample(kinds, len(kinds))
    packs = [pack for number in range(HANDS) if (pack := shuffled[number::HANDS])]
    return [_draw(pack, random.Random(rng.random())) for pack in packs]


def _draw(pack: Sequence[Kind], rng: random.Random) -> Iterator[Kind]:
    while True:
        yield from rng.sample(pack, len(pack))


def _strike_all(
    hands: Sequence[Iterator[Kind]], count: int, scene: Scene, record: Record, tell: Callable[[str], object]
) -> None:
    """By threads that end with the program: whoever stops it need not wait for all the faults to come.

    The hands share the count. With half of it each, the one with quicker kinds was done when the other had struck a
    third as often, which then went on alone.
    """
    scenes, left = [replace(scene, rng=random.Random(scene.rng.random())) for _ in hands], iter(range(count))
    given = [(zip(left, hand, strict=False), own, record, tell) for hand, own in zip(hands, scenes, strict=True)]
    threads = [threading.Thread(target=_strike_hand, args=each, daemon=True) for each in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record.faults.sort(key=lambda fault: fault.began)


def _strike_hand(
    hand: Iterable[tuple[int, Kind]], scene: Scene, record: Record, tell: Callable[[str], object]
) -> None:
    try:
        for _, kind in hand:
            record.faults.append(_strike(kind, scene))
            tell(f"{len(record.faults)}: {kind.name}")
    except BaseException as error:  # noqa: BLE001  # a thread has nobody to tell; the checker asks
        record.errors.append(error)


def _strike(kind: Kind, scene: Scene) -> Fault:
    """When somebody's archive is being made, if that is soon: a fault in an idle moment proves little."""
    time.sleep(scene.rng.uniform(0.1, 0.8))
    deadline = time.monotonic() + 1
    while not scene.stack.count_running() and time.monotonic() < deadline:
        time.sleep(0.02)
    began = time.time()
    kind.strike(scene)
    return Fault(kind, began, time.time())
