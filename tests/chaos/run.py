"""One run: the stack, the crowd, faults one after the other in an order that the seed decides, then the judgement.

The seed fixes which faults strike whom in which order. How the machine's processes interleave meanwhile, nobody fixes.
"""

import os
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.browser import Page
from tests.chaos.crowd import Crowd
from tests.chaos.faults import KINDS, Kind, Scene
from tests.chaos.people import Person, make_people
from tests.chaos.stack import Stack, run_stack
from tests.chaos.visit import Download

PEOPLE, QUIET = 24, 6
PATIENCE = 60.0
"""Seconds that a person waits for an archive; in the control a third of it, since most of them wait in vain."""
SETTLES = 45.0
"""Seconds after the last fault until everything must be served."""
_PROMISED = (
    "SELECT file_name, part.size FROM archive_part part JOIN archive ON archive.id = archive_id WHERE state = 'ready'"
)


@dataclass(frozen=True)
class Fault:
    """Times are seconds since 1970."""

    kind: Kind
    began: float
    ended: float


@dataclass(frozen=True)
class Row:
    """A request as the database has it at the end. Times are seconds since 1970."""

    id: str
    user_id: str
    state: str
    attempt: int
    gaps: int
    created: float
    ready: list[float]
    """When it became ready: once, or something is wrong."""
    ended: float | None


@dataclass
class Record:
    """Everything that was seen from outside."""

    seed: int
    control: bool
    faults: list[Fault] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    clicks: list[str] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """What is wrong with the files in the archive folder, after the sweeper's time."""
    seconds: float = 0.0


def run(count: int, seed: int, *, control: bool = False, logs: Path | None = None) -> Record:
    """`count`: of faults. `control`: with the tutorial's settings. `logs`: a folder for what the programs printed."""
    began, rng, record = time.monotonic(), random.Random(seed), Record(seed, control)
    with run_stack(control=control) as stack:
        people = make_people(stack.settings, PEOPLE + QUIET, rng)
        with Crowd(stack, people[QUIET:], rng, PATIENCE / 3 if control else PATIENCE) as crowd:
            scene = Scene(stack, random.Random(rng.random()), people, people[:QUIET])
            record.faults = [_strike(kind, scene) for kind in _draw(count, rng, stack)]
        _wait_until_settled(stack, 10 if control else SETTLES)
        record.rows = _read_rows(stack)
        _fetch_the_rest(crowd, people, record.rows)
        record.files = _look_at_files(stack, sweeps=not control)
        if logs:
            _keep_logs(stack, logs)
    record.pages, record.clicks = crowd.pages, crowd.clicks
    record.downloads, record.errors = crowd.downloads, crowd.errors
    record.seconds = time.monotonic() - began
    return record


def _draw(count: int, rng: random.Random, stack: Stack) -> list[Kind]:
    """Like cards: every kind comes once before any comes again."""
    kinds = [kind for kind in KINDS.values() if kind.name != "beat killed" or "beat" in stack.services]
    drawn: list[Kind] = []
    while len(drawn) < count:
        drawn += rng.sample(kinds, len(kinds))
    return drawn[:count]


def _strike(kind: Kind, scene: Scene) -> Fault:
    """When somebody's archive is being made, if that is soon: a fault in an idle moment proves little."""
    time.sleep(scene.rng.uniform(0.1, 0.8))
    deadline = time.monotonic() + 1
    while not _is_working(scene.stack) and time.monotonic() < deadline:
        time.sleep(0.02)
    began = time.time()
    kind.strike(scene)
    return Fault(kind, began, time.time())


def _is_working(stack: Stack) -> bool:
    return bool(stack.database.ask("SELECT 1 FROM archive WHERE state = 'running' AND lease_until > now() LIMIT 1"))


def _wait_until_settled(stack: Stack, seconds: float) -> None:
    """Nothing is active any more, or for so long nothing has become ready."""
    unsettled = (
        "SELECT (SELECT count(*) FROM archive WHERE state IN ('queued', 'running')), (SELECT max(at) FROM became)"
    )
    last, since = None, time.monotonic()
    while time.monotonic() - since < seconds:
        active, changed = stack.database.ask(unsettled)[0]
        if not active:
            return
        if changed != last:
            last, since = changed, time.monotonic()
        time.sleep(0.1)


def _read_rows(stack: Stack) -> list[Row]:
    found = stack.database.ask(
        "SELECT id, user_id::text, state, attempt, coalesce(gap_count, 0), extract(epoch FROM created_at)::float, "
        "ARRAY(SELECT extract(epoch FROM at)::float FROM became WHERE archive_id = id AND became.state = 'ready'), "
        "extract(epoch FROM finished_at)::float FROM archive ORDER BY created_at"
    )
    return [Row(*each) for each in found]


def _fetch_the_rest(crowd: Crowd, people: Sequence[Person], rows: Sequence[Row]) -> None:
    fetched = {download.archive_id for download in crowd.downloads}
    for person in people:
        left = [row.id for row in rows if row.user_id == person.id and row.state == "ready" and row.id not in fetched]
        if left:
            crowd.fetch(person, left)


def _look_at_files(stack: Stack, *, sweeps: bool) -> list[str]:
    """What no row vouches for is young; made old, it must go with the next reconciliation. Then: is anything left?"""
    if sweeps:
        long_ago = time.time() - 86400
        for path in (*stack.disk.folder.glob("ready/*"), *stack.disk.folder.glob("tmp/*")):
            os.utime(path, (long_ago, long_ago))
        _wait_for_reconciliations(stack, 2)
    promised = dict(stack.database.ask(_PROMISED))
    found = {path.name: path.stat().st_size for path in stack.disk.folder.glob("ready/*")}
    wrong = [f"{name}: not promised" for name in found.keys() - promised.keys()]
    wrong += [f"{name}: not whole" for name in promised if found.get(name) != promised[name]]
    return wrong + [f"tmp/{path.name}: left behind" for path in stack.disk.folder.glob("tmp/*")]


def _keep_logs(stack: Stack, logs: Path) -> None:
    logs.mkdir(parents=True, exist_ok=True)
    for path in stack.folder.glob("*.log"):
        shutil.copy(path, logs)


def _wait_for_reconciliations(stack: Stack, count: int) -> None:
    for _ in range(count):
        before = stack.database.ask("SELECT at FROM pulse")
        deadline = time.monotonic() + 30
        while stack.database.ask("SELECT at FROM pulse") == before and time.monotonic() < deadline:
            time.sleep(0.1)
