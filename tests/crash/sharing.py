"""Archives that two processes share, on PostgreSQL: whichever of them is killed or frozen, there is one, and whole.

The holder stands still as soon as it has offered its pieces. Another helps then, and comes to harm; at last the holder
goes on.
"""

import os
import signal
from collections.abc import Iterator

from flask import current_app

from app.archives import heart, making, service, sharing
from app.models import State
from tests.crash import judge
from tests.crash.deeds import Plan, reconcile
from tests.crash.run import (
    CALM,
    IN_TRANSACTIONS,
    Tally,
    complain,
    count_attempts,
    freeze_some,
    kill_some,
    run,
    spread,
)
from tests.crash.scene import Ended, Scene
from tests.crash.trace import Point


def hold(person_id: str) -> None:
    """Make the archive, and stand still where others may help."""
    _divide()
    making.generate(person_id, large=True, ring=lambda _: os.kill(os.getpid(), signal.SIGSTOP))


def help_out(person_id: str) -> None:
    """Make every piece that is free."""
    _divide()
    for archive in service.list_archives(person_id):
        while sharing.make_piece(archive.id):
            pass


def hold_and_help(person_id: str) -> None:
    """Both in one process, for all that a killed one can leave behind."""
    _divide()
    making.generate(person_id, large=True, ring=sharing.make_piece)


def _divide() -> None:
    current_app.config["ARCHIVE_PIECE_ROWS"] = 1


def have_queued(scene: Scene) -> None:
    """In one file: archives of several are not shared."""
    scene.insert(part_size=None)


SHARE = Plan("share", have_queued, hold_and_help, State.READY)


def strike_sharers(scene: Scene, count: int) -> Iterator[Tally]:
    """`count`: of points, for each way to strike."""
    yield kill_some(scene, SHARE, count)
    yield freeze_some(scene, SHARE, count)
    helping = _list_points(scene)
    yield run("helper killed", spread(helping, count), lambda point, tally: _kill_helper(scene, point, tally))
    outside = [point for point in helping if not point.file.startswith(IN_TRANSACTIONS)]
    overtaken = spread(outside, count)
    yield run("helper overtaken", overtaken, lambda point, tally: _overtake_helper(scene, point, tally))


def _list_points(scene: Scene) -> list[Point]:
    holder = _begin(scene)
    points = scene.list_points(help_out)
    scene.resume(holder.pid)
    return points


def _begin(scene: Scene) -> Ended:
    """The holder, which stands still and keeps its snapshot."""
    heart.PAUSE = CALM
    scene.clear()
    have_queued(scene)
    holder = scene.fork(hold)
    if not holder.is_stopped:
        raise RuntimeError("nothing was offered")
    return holder


def _kill_helper(scene: Scene, point: Point, tally: Tally) -> Iterator[str]:
    holder = _begin(scene)
    helper = scene.fork(help_out, at=point)
    tally.struck += helper.is_killed
    yield from complain(helper)
    yield from judge.look(scene)
    scene.pass_time()
    yield from complain(scene.resume(holder.pid))
    yield from _look_at_end(scene)


def _overtake_helper(scene: Scene, point: Point, tally: Tally) -> Iterator[str]:
    """It is frozen for longer than its lease, the holder makes all by itself, and then it goes on."""
    holder = _begin(scene)
    helper = scene.fork(help_out, at=point, send=signal.SIGSTOP)
    tally.struck += helper.is_stopped
    scene.pass_time()
    yield from complain(scene.resume(holder.pid))
    yield from judge.look(scene)
    if helper.is_stopped:
        yield from complain(scene.resume(helper.pid))
    yield from _look_at_end(scene)


def _look_at_end(scene: Scene) -> Iterator[str]:
    """A helper costs no attempt."""
    scene.pass_time()
    yield from complain(scene.fork(reconcile))
    yield from judge.look_at_end(scene, State.READY)
    if count_attempts(scene) != 1:
        yield f"miscounted: {count_attempts(scene)} attempts, not 1"
