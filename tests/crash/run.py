"""Runs: deeds killed, killed again while they are recovered, or frozen until another worker has done their work."""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from app.archives import heart
from app.models import State
from tests.crash import judge
from tests.crash.deeds import MAKE, PLANS, Plan
from tests.crash.scene import Change, Ended, Scene, unchanged
from tests.crash.trace import Point

_FINAL = {State.READY, State.FAILED, State.CANCELLED, State.EXPIRED, State.DELETED}
_IN_TRANSACTIONS = ("archives/ledger.py", "archives/heart.py")
"""Frozen there, a worker may hold SQLite's one lock for writing, and nobody else could do anything."""
BEAT = 0.005
"""Seconds between two looks of the heart, so that it beats within an attempt of a tenth of a second."""
CALM = 150.0
"""So that it does not beat at all: it could hold that lock just then."""


@dataclass
class Tally:
    """What became of one kind of run."""

    name: str
    runs: int = 0
    struck: int = 0
    """Processes that were killed or frozen; one may be over before it comes to its point."""
    lines: set[tuple[str, int]] = field(default_factory=set)
    breaches: list[str] = field(default_factory=list)


def spread(points: Sequence[Point], count: int) -> list[Point]:
    """So many of them, evenly."""
    if count >= len(points):
        return list(points)
    return [points[number * len(points) // count] for number in range(count)]


def list_points(scene: Scene, plan: Plan) -> list[Point]:
    heart.PAUSE = BEAT
    scene.clear()
    plan.prepare(scene)
    return scene.list_points(plan.deed)


def kill_everywhere(scene: Scene, count: int) -> Iterator[Tally]:
    """`count`: of points, over all plans; those with few lines have them all."""
    points = {plan.name: list_points(scene, plan) for plan in PLANS}
    for number, plan in enumerate(sorted(PLANS, key=lambda plan: len(points[plan.name]))):
        chosen = spread(points[plan.name], count // (len(PLANS) - number))
        count -= len(chosen)
        yield run(plan.name, chosen, partial(_kill_once, scene, plan))


def _kill_once(scene: Scene, plan: Plan, point: Point, tally: Tally) -> Iterator[str]:
    return kill(scene, plan, [point], tally)


def kill_again(scene: Scene, count: int, times: int) -> Tally:
    """An archive is made, and each recovery but the last is killed as well, each time at another point."""
    points = spread(list_points(scene, MAKE), count)

    def strike(point: Point, tally: Tally) -> Iterator[str]:
        at = points.index(point)
        more = [points[(at + step * 7 + 3) % len(points)] for step in range(1, times)]
        return kill(scene, MAKE, [point, *more], tally)

    return run(f"make, killed {times} times", points, strike)


def freeze_everywhere(scene: Scene, count: int) -> Tally:
    found = [point for point in list_points(scene, MAKE) if not point.file.startswith(_IN_TRANSACTIONS)]
    return run("make, frozen and overtaken", spread(found, count), lambda point, tally: freeze(scene, point, tally))


def run(name: str, points: Iterable[Point], strike: Callable[[Point, Tally], Iterable[str]]) -> Tally:
    tally = Tally(name)
    for point in points:
        tally.runs += 1
        tally.breaches += [f"{point.file}:{point.line} ({point.time}): {breach}" for breach in strike(point, tally)]
        tally.lines.add((point.file, point.line))
    return tally


def kill(scene: Scene, plan: Plan, points: Sequence[Point], tally: Tally, change: Change = unchanged) -> Iterator[str]:
    """Prepare, kill at the first point, let the lease pass, kill the recovery at the next, and so on; then recover."""
    heart.PAUSE = BEAT
    scene.clear()
    plan.prepare(scene)
    deed = plan.deed
    for point in points:
        before = _attempts(scene)
        ended = scene.fork(deed, at=point, change=change)
        tally.struck += ended.is_killed
        yield from _complain(ended)
        yield from judge.look(scene)
        if not 0 <= _attempts(scene) - before <= 1:
            yield f"miscounted: {before} attempts, then {_attempts(scene)}"
        scene.pass_time()
        deed = plan.recover
    yield from _recover(scene, plan, change)


def _recover(scene: Scene, plan: Plan, change: Change) -> Iterator[str]:
    """Once is enough: beat, and a worker that hears it. Then all is looked at."""
    is_over = all(row.state in _FINAL for row in scene.rows()) and bool(scene.rows())
    expected = _attempts(scene) + (plan.ends == State.READY and not is_over)
    yield from _complain(scene.fork(plan.recover, change=change))
    yield from judge.look_at_end(scene, plan.ends)
    if _attempts(scene) != expected:
        yield f"miscounted: {_attempts(scene)} attempts, not {expected}"


def freeze(scene: Scene, point: Point, tally: Tally, change: Change = unchanged) -> Iterator[str]:
    """A worker is frozen for longer than its lease, another makes the archive, and then the first goes on."""
    heart.PAUSE = CALM
    scene.clear()
    MAKE.prepare(scene)
    zombie = scene.fork(MAKE.deed, at=point, send=signal.SIGSTOP, change=change)
    tally.struck += zombie.is_stopped
    scene.pass_time()
    yield from _complain(scene.fork(MAKE.recover, change=change))
    yield from judge.look(scene)
    if zombie.is_stopped:
        yield from _complain(scene.resume(zombie.pid))
    yield from judge.look(scene)
    scene.pass_time()
    yield from _complain(scene.fork(MAKE.recover, change=change))
    yield from judge.look_at_end(scene, MAKE.ends)


def _attempts(scene: Scene) -> int:
    return sum(row.attempt for row in scene.rows())


def _complain(ended: Ended) -> Iterator[str]:
    if ended.has_failed:
        yield "error: a process that nobody killed ended in one"
