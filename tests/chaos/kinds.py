"""What a fault is, and what it strikes."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.chaos.people import Person
from tests.chaos.stack import WORKERS, Stack
from tests.programs import Program


@dataclass(frozen=True)
class Scene:
    """`quiet`: people who never click; what waits for them was put there by a fault."""

    stack: Stack
    rng: random.Random
    people: Sequence[Person]
    quiet: Sequence[Person]

    def worker(self) -> Program:
        return self.stack[self.rng.choice(WORKERS)]


@dataclass(frozen=True)
class Kind:
    """`excuses`: what pages may do meanwhile: "unanswered" (the web server died), "503" (the database was away) or
    "late" (new web processes are loading, and the old ones have stopped listening). "twice": a mail may go out again,
    since whoever sent it could not write that down.

    `costs_attempts`: archives that it interrupts may have to be begun anew; otherwise they are given back, uncounted.
    """

    name: str
    strike: Callable[[Scene], None]
    excuses: frozenset[str] = frozenset()
    costs_attempts: bool = True
