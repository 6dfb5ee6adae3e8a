"""Everything that goes wrong, one function each: it strikes, and returns when the fault is over.

What the keeper has to start again is down for longer than that; recovery counts that time too.
"""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException

from redis import Redis

from tests import databases
from tests.chaos.browser import Browser
from tests.chaos.kinds import Kind, Scene
from tests.chaos.means import (
    freeze,
    keep_busy,
    kill_a_child,
    reaches,
    reload_web,
    request_silently,
    ring,
    wait_for_page,
)
from tests.chaos.stack import WORKERS
from tests.chaos.visit import ImpatientError, Visit
from tests.programs import signal_all, wait_until

KINDS: dict[str, Kind] = {}


def fault(
    name: str, *excuses: str, costs_attempts: bool = True
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    def keep(strike: Callable[[Scene], None]) -> Callable[[Scene], None]:
        KINDS[name] = Kind(name, strike, frozenset(excuses), costs_attempts)
        return strike

    return keep


@fault("worker's child killed", "twice")
def kill_child(scene: Scene) -> None:
    kill_a_child(scene.worker(), scene.rng)


@fault("worker killed", "twice")
def kill_worker(scene: Scene) -> None:
    signal_all([scene.worker().pid], signal.SIGKILL)


@fault("all workers killed", "twice")
def kill_workers(scene: Scene) -> None:
    keep_busy(scene)
    signal_all([scene.stack[name].pid for name in WORKERS], signal.SIGKILL)


@fault("worker stopped, SIGTERM", "twice", costs_attempts=False)
def stop_worker(scene: Scene) -> None:
    """REMAP_SIGTERM makes it a quick end that gives the task back."""
    scene.worker().send(signal.SIGTERM)


@fault("worker stopped, SIGQUIT", "twice", costs_attempts=False)
def quit_worker(scene: Scene) -> None:
    scene.worker().send(signal.SIGQUIT)


@fault("worker's whole group stopped", "twice")
def stop_group(scene: Scene) -> None:
    """What systemd does without KillMode=mixed: the children get SIGTERM as well, in the middle of their tasks."""
    worker = scene.worker()
    signal_all([worker.pid, *worker.child_pids()], signal.SIGTERM)


@fault("worker frozen beyond its lease")
def freeze_worker(scene: Scene) -> None:
    worker, lease = scene.worker(), min(scene.stack.settings["ARCHIVE_LEASE_SECONDS"], 4)
    freeze([worker.pid, *worker.child_pids()], lease + scene.rng.uniform(0.5, 1.5))


@fault("deploy", "late", "twice", costs_attempts=False)
def deploy(scene: Scene) -> None:
    """As docs/production.md has it, with no page refused: one worker after the other, beat, the web server."""
    restart, replace = (scene.stack.services[name] for name in scene.rng.sample(WORKERS, 2))
    keep_busy(scene)
    restart.restart()
    keep_busy(scene)
    replace.replace()
    if "beat" in scene.stack.services:
        scene.stack.services["beat"].restart()
    reload_web(scene.stack["web"])


@fault("beat killed")
def kill_beat(scene: Scene) -> None:
    signal_all([scene.stack["beat"].pid], signal.SIGKILL)


@fault("beat frozen")
def freeze_beat(scene: Scene) -> None:
    """It has been seen to hang in silence; then only those who watch are rung for."""
    freeze([scene.stack["beat"].pid], scene.rng.uniform(2, 5))


@fault("web worker killed", "unanswered")
def kill_web_child(scene: Scene) -> None:
    kill_a_child(scene.stack["web"], scene.rng)
    wait_for_page(scene)


@fault("web server killed", "unanswered")
def kill_web(scene: Scene) -> None:
    before = scene.stack["web"]
    signal_all([before.pid], signal.SIGKILL)
    wait_until(lambda: scene.stack["web"] is not before, what="another web server")
    wait_for_page(scene)


@fault("Valkey killed")
def kill_broker(scene: Scene) -> None:
    signal_all([scene.stack["valkey"].pid], signal.SIGKILL)


@fault("Valkey emptied")
def flush_broker(scene: Scene) -> None:
    with Redis.from_url(f"unix://{scene.stack.broker}", socket_timeout=1) as broker:
        wait_until(lambda: reaches(broker.flushall), what="Valkey")


@fault("Valkey hangs")
def hang_broker(scene: Scene) -> None:
    freeze([scene.stack["valkey"].pid], scene.rng.uniform(2.5, 5))


@fault("PostgreSQL restarted at once", "503", "twice")
def restart_database(scene: Scene) -> None:
    scene.stack.database.restart_at_once()


@fault("database connections cut", "503", "twice")
def cut_connections(scene: Scene) -> None:
    scene.stack.database.ask(databases.CUT)  # the other hand may restart it meanwhile


@fault("PostgreSQL hangs", "503", "twice")
def hang_database(scene: Scene) -> None:
    """For less than the lease, or a little more with what else there is to do. Connecting may take as long."""
    freeze(scene.stack.database.process_ids(), scene.rng.uniform(2, 4))


@fault("archives locked")
def lock_archives(scene: Scene) -> None:
    """As by a migration: nobody can even read them."""
    scene.stack.database.lock("archive", scene.rng.uniform(1, 3))


@fault("commit without a bell")
def commit_without_bell(scene: Scene) -> None:
    request_silently(scene, scene.rng.choice(scene.quiet))


@fault("bells doubled")
def double_bells(scene: Scene) -> None:
    person = scene.rng.choice(scene.quiet)
    request_silently(scene, person)
    ring(scene, [person] * 4)


@fault("disk full")
def fill_disk(scene: Scene) -> None:
    scene.stack.disk.fill(scene.stack.writers())
    time.sleep(scene.rng.uniform(0.5, 2))
    scene.stack.disk.empty(scene.stack.writers())


@fault("downloads broken off")
def break_downloads_off(scene: Scene) -> None:
    """Somebody takes some bytes of the largest archive that is ready, and is gone; three times."""
    largest = "SELECT id, user_id::text FROM archive WHERE state = 'ready' ORDER BY size DESC LIMIT 1"
    for archive_id, user_id in scene.stack.database.ask(largest):
        person = next(each for each in scene.people if each.id == user_id)
        browser = Browser(scene.stack.address, person.number, [])
        with suppress(ImpatientError, OSError, HTTPException):
            Visit(browser, person, scene.rng, patience=10, clicks=[]).sign_in()
            for _ in range(3):
                browser.take_bytes(f"/archives/{archive_id}/download", 5000)
