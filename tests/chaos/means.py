"""What several faults are made of."""

import os
import random
import secrets
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tests.chaos.browser import Browser, UnansweredError
from tests.chaos.kinds import Scene
from tests.chaos.people import Person
from tests.programs import Program, signal_all, wait_until


def kill_a_child(program: Program, rng: random.Random) -> None:
    children = sorted(program.child_pids())
    with suppress(ProcessLookupError, IndexError):  # between two of its lives it has none
        os.kill(rng.choice(children), signal.SIGKILL)


def keep_busy(scene: Scene) -> None:
    """Each worker has something to do: of three archives under way, none has all, since it makes two at a time."""
    for person in scene.quiet:
        request_silently(scene, person)
    ring(scene, scene.quiet)
    deadline = time.monotonic() + 10  # somebody else may be breaking something
    while scene.stack.count_running() <= 2 and time.monotonic() < deadline:
        time.sleep(0.02)


def ring(scene: Scene, people: Sequence[Person]) -> None:
    with Celery(broker=f"redis+socket://{scene.stack.broker}", set_as_current=False) as bell:
        for person in people:
            send = partial(bell.send_task, "app.tasks.generate_user_archive", [person.id], retry=False)
            wait_until(partial(reaches, send), what="Valkey")


def reaches(deed: Callable[[], object]) -> bool:
    """Done? Another fault may have taken the broker away."""
    try:
        deed()
    except (RedisError, OperationalError):
        return False
    return True


def freeze(processes: Iterable[int], seconds: float) -> None:
    frozen = list(processes)
    signal_all(frozen, signal.SIGSTOP)
    time.sleep(seconds)
    signal_all(frozen, signal.SIGCONT)


def request_silently(scene: Scene, person: Person) -> None:
    """A request, as if whoever wrote it had died before ringing. The person may have one already: then nothing."""
    scene.stack.database.ask(
        "INSERT INTO archive (id, user_id, state, created_at, attempt, done, part_count) "
        "VALUES (%(id)s, %(user)s, 'queued', clock_timestamp(), 0, 0, 0) ON CONFLICT DO NOTHING",
        id=secrets.token_hex(32),
        user=person.id,
    )


def reload_web(web: Program) -> None:
    """Old processes finish what they have begun; new ones load the new version and take over."""
    before = web.child_pids()
    web.send(signal.SIGHUP)
    wait_until(lambda: not before & web.child_pids(), what="the end of the old processes")


def wait_for_page(scene: Scene) -> None:
    browser = Browser(scene.stack.address, 0, [])

    def answers() -> bool:
        try:
            return browser.get("/healthz").status == 200
        except UnansweredError:
            return False

    wait_until(answers, what="a page")
