"""Runs: deeds killed, killed again while they are recovered, or frozen until another worker has done their work."""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.archives import heart
from app.models import State
from tests.crash import judge
from tests.crash.deeds import MAKE, PLANS, Plan
from tests.crash.scene import Change, Ended, Scene, unchanged
from tests.crash.trace import Point

_FINAL = {State.READY, State.FAILED, State.CANCELLED, State.EXPIRED, State.DELETED}
IN_TRANSACTIONS = ("archives/ledger/", "archives/pieces.py", "archives/heart.py")
"""Frozen there, a worker may hold SQLite's one lock for writing, or a row's, and nobody else could do anything."""
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
        yield _kill_at(scene, plan, chosen)


def kill_some(scene: Scene, plan: Plan, count: int) -> Tally:
    return _kill_at(scene, plan, spread(list_points(scene, plan), count))


def _kill_at(scene: Scene, plan: Plan, points: Sequence[Point]) -> Tally:
    return run(plan.name, points, lambda point, tally: kill(scene, plan, [point], tally))


def kill_again(scene: Scene, count: int, times: int) -> Tally:
    """An archive is made, and each recovery but the last is killed as well, each time at another point."""
    points = spread(list_points(scene, MAKE), count)

    def strike(point: Point, tally: Tally) -> Iterator[str]:
        at = points.index(point)
        more = [points[(at + step * 7 + 3) % len(points)] for step in range(1, times)]
        return kill(scene, MAKE, [point, *more], tally)

    return run(f"make, killed {times} times", points, strike)


def freeze_some(scene: Scene, plan: Plan, count: int) -> Tally:
    found = [point for point in list_points(scene, plan) if not point.file.startswith(IN_TRANSACTIONS)]
    name = f"{plan.name}, frozen and overtaken"
    return run(name, spread(found, count), lambda point, tally: freeze(scene, plan, point, tally))


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
        before = count_attempts(scene)
        ended = scene.fork(deed, at=point, change=change)
        tally.struck += ended.is_killed
        yield from complain(ended)
        yield from judge.look(scene)
        if not 0 <= count_attempts(scene) - before <= 1:
            yield f"miscounted: {before} attempts, then {count_attempts(scene)}"
        scene.pass_time()
        deed = plan.recover
    yield from _recover(scene, plan, change)


def _recover(scene: Scene, plan: Plan, change: Change) -> Iterator[str]:
    """Once is enough: beat, and a worker that hears it. Then all is looked at."""
    is_over = all(row.state in _FINAL for row in scene.rows()) and bool(scene.rows())
    expected = count_attempts(scene) + (plan.ends == State.READY and not is_over)
    yield from complain(scene.fork(plan.recover, change=change))
    yield from judge.look_at_end(scene, plan.ends)
    if count_attempts(scene) != expected:
        yield f"miscounted: {count_attempts(scene)} attempts, not {expected}"


def freeze(scene: Scene, plan: Plan, point: Point, tally: Tally, change: Change = unchanged) -> Iterator[str]:
    """A worker is frozen for longer than its lease, another makes the archive, and then the first goes on."""
    heart.PAUSE = CALM
    scene.clear()
    plan.prepare(scene)
    zombie = scene.fork(plan.deed, at=point, send=signal.SIGSTOP, change=change)
    tally.struck += zombie.is_stopped
    scene.pass_time()
    yield from complain(scene.fork(plan.recover, change=change))
    yield from judge.look(scene)
    if zombie.is_stopped:
        yield from complain(scene.resume(zombie.pid))
    yield from judge.look(scene)
    scene.pass_time()
    yield from complain(scene.fork(plan.recover, change=change))
    yield from judge.look_at_end(scene, plan.ends)


def count_attempts(scene: Scene) -> int:
    return sum(row.attempt for row in scene.rows())


def complain(ended: Ended) -> Iterator[str]:
    if ended.has_failed:
        yield "error: a process that nobody killed ended in one"
