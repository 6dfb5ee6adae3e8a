"""Everything that goes wrong, one function each: it strikes, and returns when the fault is over.

What the keeper has to start again is down for longer than that; recovery counts that time too.
"""

import os
import random
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException

from celery import Celery
from redis import Redis

from app.local import valkey
from tests import databases
from tests.chaos.browser import Browser, UnansweredError
from tests.chaos.people import Person
from tests.chaos.stack import WORKERS, Stack
from tests.chaos.visit import ImpatientError, Visit
from tests.programs import Program, wait_until


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
    """`excuses`: what pages may do meanwhile: "unanswered" (the web server died) or "503" (the database was away)."""

    name: str
    strike: Callable[[Scene], None]
    excuses: frozenset[str]


KINDS: dict[str, Kind] = {}


def fault(name: str, *excuses: str) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    def keep(strike: Callable[[Scene], None]) -> Callable[[Scene], None]:
        KINDS[name] = Kind(name, strike, frozenset(excuses))
        return strike

    return keep


@fault("worker's child killed")
def kill_child(scene: Scene) -> None:
    _kill_one_child(scene.worker(), scene.rng)


@fault("worker killed")
def kill_worker(scene: Scene) -> None:
    os.kill(scene.worker().pid, signal.SIGKILL)


@fault("worker stopped, SIGTERM")
def stop_worker(scene: Scene) -> None:
    """A deploy: REMAP_SIGTERM makes it a quick end that gives the task back."""
    scene.worker().send(signal.SIGTERM)


@fault("worker stopped, SIGQUIT")
def quit_worker(scene: Scene) -> None:
    scene.worker().send(signal.SIGQUIT)


@fault("worker's whole group stopped")
def stop_group(scene: Scene) -> None:
    """What systemd does without KillMode=mixed: the children get SIGTERM as well, in the middle of their tasks."""
    _signal_all(scene.worker(), signal.SIGTERM)


@fault("worker frozen beyond its lease")
def freeze_worker(scene: Scene) -> None:
    worker = scene.worker()
    _signal_all(worker, signal.SIGSTOP)
    time.sleep(min(scene.stack.settings["ARCHIVE_LEASE_SECONDS"], 4) + scene.rng.uniform(0.5, 1.5))
    _signal_all(worker, signal.SIGCONT)


@fault("beat killed")
def kill_beat(scene: Scene) -> None:
    os.kill(scene.stack["beat"].pid, signal.SIGKILL)


@fault("web worker killed", "unanswered")
def kill_web_child(scene: Scene) -> None:
    _kill_one_child(scene.stack["web"], scene.rng)
    _wait_for_page(scene)


@fault("web server killed", "unanswered")
def kill_web(scene: Scene) -> None:
    before = scene.stack["web"]
    os.kill(before.pid, signal.SIGKILL)
    wait_until(lambda: scene.stack["web"] is not before, what="another web server")
    _wait_for_page(scene)


@fault("Valkey killed")
def kill_broker(scene: Scene) -> None:
    os.kill(scene.stack["valkey"].pid, signal.SIGKILL)


@fault("Valkey emptied")
def flush_broker(scene: Scene) -> None:
    wait_until(lambda: valkey.ping(scene.stack.broker), what="Valkey")  # it may have been killed a moment ago
    with Redis.from_url(f"unix://{scene.stack.broker}") as broker:
        broker.flushall()


@fault("Valkey hangs")
def hang_broker(scene: Scene) -> None:
    broker = scene.stack["valkey"]
    broker.send(signal.SIGSTOP)
    time.sleep(scene.rng.uniform(2.5, 5))
    broker.send(signal.SIGCONT)


@fault("PostgreSQL restarted at once", "503")
def restart_database(scene: Scene) -> None:
    scene.stack.database.restart_at_once()


@fault("database connections cut", "503")
def cut_connections(scene: Scene) -> None:
    databases.cut_connections(scene.stack.database.url)


@fault("commit without a bell")
def commit_without_bell(scene: Scene) -> None:
    _insert(scene, scene.rng.choice(scene.quiet))


@fault("bells doubled")
def double_bells(scene: Scene) -> None:
    person = scene.rng.choice(scene.quiet)
    _insert(scene, person)
    wait_until(lambda: valkey.ping(scene.stack.broker), what="Valkey")
    with Celery(broker=f"redis+socket://{scene.stack.broker}", set_as_current=False) as bell:
        for _ in range(4):
            bell.send_task("app.tasks.generate_user_archive", [person.id])


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


def _kill_one_child(program: Program, rng: random.Random) -> None:
    children = sorted(program.child_pids())
    with suppress(ProcessLookupError, IndexError):  # between two of its lives it has none
        os.kill(rng.choice(children), signal.SIGKILL)


def _signal_all(program: Program, number: signal.Signals) -> None:
    for process in (program.pid, *program.child_pids()):
        with suppress(ProcessLookupError):
            os.kill(process, number)


def _insert(scene: Scene, person: Person) -> None:
    """A request, as if whoever wrote it had died before ringing. The person may have one already: then nothing."""
    scene.stack.database.ask(
        "INSERT INTO archive (id, user_id, state, created_at, attempt, done, part_count) "
        "VALUES (%(id)s, %(user)s, 'queued', clock_timestamp(), 0, 0, 0) ON CONFLICT DO NOTHING",
        id=secrets.token_hex(32),
        user=person.id,
    )


def _wait_for_page(scene: Scene) -> None:
    browser = Browser(scene.stack.address, 0, [])

    def answers() -> bool:
        try:
            return browser.get("/healthz").status == 200
        except UnansweredError:
            return False

    wait_until(answers, what="a page")
