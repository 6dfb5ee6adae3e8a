"""Everything that is tried on one database: deeds killed, killed again, frozen, and the mutants."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.database import run_database
from tests.crash.deeds import MAKE
from tests.crash.mutants import MUTANTS, SHARED, Trial, try_mutants
from tests.crash.run import Tally, freeze_some, kill_again, kill_everywhere
from tests.crash.scene import Scene
from tests.crash.sharing import strike_sharers
from tests.databases import migrate

DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Result:
    database: str
    tallies: list[Tally]
    trials: list[Trial]
    seconds: float

    @property
    def has_failed(self) -> bool:
        """A promise was broken, or a mutant got away."""
        return any(tally.breaches for tally in self.tallies) or not all(trial.is_caught for trial in self.trials)


def run_campaign(database: str, points: int, tell: Callable[[str], object] = str) -> Result:
    """`points`: at which something is killed once; a tenth as many are killed twice, three times, or frozen.

    `tell` hears of each kind of run that has ended.
    """
    began, tallies, trials = time.monotonic(), [], []
    with _make_scene(database) as scene:
        for tally in _strike(scene, points, shares=database == "postgresql"):
            tallies.append(tally)
            tell(f"{database}: {tally.name}: {tally.runs} points, {len(tally.breaches)} breaches")
        mutants = MUTANTS | SHARED if database == "postgresql" else MUTANTS
        for trial in try_mutants(scene, points, mutants):
            trials.append(trial)
            tell(f"{database}: mutant: {trial.name}: {'caught' if trial.is_caught else 'NOT CAUGHT'}")
    return Result(database, tallies, trials, time.monotonic() - began)


def _strike(scene: Scene, points: int, *, shares: bool) -> Iterator[Tally]:
    """`shares`: several workers may make one archive; nobody does on SQLite."""
    few = max(points // 10, 3)
    yield from kill_everywhere(scene, points)
    yield kill_again(scene, few, 2)
    yield kill_again(scene, few, 3)
    yield freeze_some(scene, MAKE, few)
    if shares:
        yield from strike_sharers(scene, few)


@contextmanager
def _make_scene(database: str) -> Iterator[Scene]:
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="crash-")))
        settings: dict[str, Any] = {"INSTANCE_PATH": folder / "instance"}
        if database == "postgresql":
            settings["DATABASE_URL"] = exits.enter_context(run_database(folder / "postgres")).url
        migrate(settings)
        yield Scene(settings)
