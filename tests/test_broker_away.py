"""A broker that fails in every way that brokers do: a click is answered and kept, and served once the broker is well.

A real Valkey, worker and beat, and nobody who watches: what brings the archive is beat alone.
"""

import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import cast

import pytest
from celery import Celery
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app import create_app
from app.accounts import sign_ins
from app.accounts.people import create_user
from app.extensions import db
from app.models import Archive, State, User
from tests.conftest import PASSWORD
from tests.programs import CELERY, SOCKET, Program, frozen, start_valkey, start_worker, wait_until

pytestmark = pytest.mark.worker

SLOWEST = 12.0
"""Seconds. `make chaos` holds pages to 6 s, which a machine that runs much else beside the tests may miss."""
FAST = {"ARCHIVE_RING_SECONDS": 2, "RECONCILE_SECONDS": 1, "ARCHIVE_LEASE_SECONDS": 4}
KEPT = "Your request is kept, and starts by itself"


class Site:
    """Broker, worker, beat, and the application in this process."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app = app
        self.folder = folder
        self.broker = start_valkey(folder)
        settings = {name: app.config[name] for name in (*FAST, "REDIS_URL")} | {"INSTANCE_PATH": app.instance_path}
        self.worker = start_worker(folder / "worker.log", settings)
        self.beat = Program((*CELERY, "beat", "--loglevel", "INFO"), folder / "beat.log", settings=settings)

    def close(self) -> None:
        for program in (self.beat, self.worker, self.broker):
            program.stop(seconds=0)

    def redis(self) -> Redis:
        return Redis(unix_socket_path=str(self.folder / SOCKET))

    def start_broker(self) -> None:
        self.broker = start_valkey(self.folder)


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, clean_environment: None) -> Iterator[Site]:
    """One for all tests here: each leaves it as it was."""
    folder = Path(tempfile.mkdtemp(prefix="broker-"))
    shutil.copy(migrated_sqlite, folder / "satchel.sqlite")
    given = {**FAST, "INSTANCE_PATH": folder, "REDIS_URL": f"unix://{folder / SOCKET}"}
    site = Site(create_app({**given, "TESTING": True, "WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": False}), folder)
    yield site
    site.close()
    with site.app.app_context():
        db.engine.dispose()
    shutil.rmtree(folder)


@pytest.fixture
def person(site: Site) -> str:
    """The id of somebody new."""
    with site.app.app_context():
        return create_user(f"{secrets.token_hex(4)}@example.org", PASSWORD, name="Ann", time_zone="UTC").id


@pytest.fixture
def client(site: Site, person: str) -> FlaskClient:
    """In which they are signed in."""
    client = site.app.test_client()
    with site.app.app_context():
        token = sign_ins.begin(db.session.get_one(User, person), "192.0.2.1", "A browser")
    with client.session_transaction() as session:
        session.update(_user_id=token, _fresh=True)
    return client


def click(client: FlaskClient) -> tuple[str, str]:
    """Ask for an archive: its address, and the next page."""
    began = time.monotonic()
    answer = client.post("/archives/")
    assert answer.status_code == 303, answer.text
    assert time.monotonic() - began < SLOWEST
    return answer.location, client.get("/archives/").text


def state_of(site: Site, address: str) -> State:
    """As the database has it; nobody who looks here keeps the archive moving."""
    with site.app.app_context():
        found = db.session.get(Archive, address.rpartition("/")[2])
        assert found is not None
        return found.state


Fault = Callable[[Site], AbstractContextManager[None]]


@contextmanager
def gone(site: Site) -> Iterator[None]:
    site.broker.kill()
    try:
        yield
    finally:
        site.start_broker()


@contextmanager
def hung(site: Site) -> Iterator[None]:
    """With its control: a sender without limits, as Celery is by default, waits for as long as the broker hangs."""
    bell = Celery(broker=site.app.config["CELERY"]["broker_url"], set_as_current=False)
    unlimited = threading.Thread(target=bell.send_task, args=("app.tasks.generate_user_archive", ["nobody"]))
    with frozen(site.broker):
        unlimited.start()
        yield
        assert unlimited.is_alive()
    unlimited.join()
    bell.close()


@contextmanager
def another_password(site: Site) -> Iterator[None]:
    with site.redis() as redis:
        redis.config_set("requirepass", "another")
        redis.client_kill_filter(_type="normal", skipme=True)
        try:
            yield
        finally:
            redis.config_set("requirepass", "")


@contextmanager
def full(site: Site) -> Iterator[None]:
    with site.redis() as redis:
        redis.config_set("maxmemory", 1)
        try:
            yield
        finally:
            redis.config_set("maxmemory", 0)


@pytest.mark.parametrize("fault", [gone, hung, another_password, full])
def test_a_broker_that_takes_no_bell(site: Site, client: FlaskClient, fault: Fault) -> None:
    with fault(site):
        address, page = click(client)
        assert KEPT in page
        assert "Waiting to start" in page
        assert state_of(site, address) == State.QUEUED
    wait_until(lambda: state_of(site, address) == State.READY, what=f"the archive: {site.worker.log()}")


@contextmanager
def emptied(site: Site) -> Iterator[None]:
    yield
    with site.redis() as redis:
        redis.flushall()


@contextmanager
def restarted(site: Site) -> Iterator[None]:
    yield
    site.broker.send(signal.SIGTERM)
    site.broker.wait()
    site.start_broker()


@contextmanager
def idle_worker(site: Site) -> Iterator[None]:
    """It stands still, and has been given all that it had asked for."""
    with frozen(site.worker), site.redis() as redis:
        wait_until(lambda: redis.info("clients")["blocked_clients"] == 0, what="the end of what it had asked before")
        yield


@contextmanager
def idle_hands(site: Site) -> Iterator[None]:
    """The worker has taken a message, and does nothing with it until the end of the block."""
    children = site.worker.child_pids()
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    try:
        with site.redis() as redis:
            wait_until(lambda: redis.hlen("unacked") == 1, what="a message that is taken")
        yield
    finally:
        for pid in children:
            os.kill(pid, signal.SIGCONT)


def test_a_broker_that_hangs_when_a_message_is_done(site: Site, client: FlaskClient) -> None:
    """It never hears that. A worker that goes on as if it had takes no other message."""
    lost = "Connection to broker lost"
    before = site.worker.log().count(lost)
    with ExitStack() as exits:
        with idle_hands(site):
            exits.enter_context(frozen(site.broker))
        wait_until(lambda: site.worker.log().count(lost) > before, what=f"the end of patience: {site.worker.log()}")
    address, _ = click(client)
    wait_until(lambda: state_of(site, address) == State.READY, what=f"the archive: {site.worker.log()}")


def test_as_celery_has_it_no_other_message_is_taken(site: Site) -> None:
    """The control."""
    with site.app.extensions["celery"].connection_for_write() as connection:
        queue = connection.SimpleQueue("control")
        queue.channel.basic_qos(0, 1, False)
        queue.put("a message")
        message = queue.get(timeout=10)
        with frozen(site.broker):
            message.ack_log_error(logging.getLogger(__name__), connection.connection_errors)
        assert not queue.channel.qos.can_consume()
        message.ack()
        assert queue.channel.qos.can_consume()
        queue.close()


def test_a_broker_that_is_full_when_a_message_is_taken(site: Site, client: FlaskClient) -> None:
    """A worker notes in the broker what it takes."""
    refused = "used memory > 'maxmemory'"
    before = site.worker.log().count(refused)
    with ExitStack() as exits:
        exits.enter_context(idle_worker(site))
        address, _ = click(client)
        with full(site):
            exits.close()
            wait_until(lambda: site.worker.log().count(refused) > before, what=f"a refusal: {site.worker.log()}")
    wait_until(lambda: state_of(site, address) == State.READY, what=f"the archive: {site.worker.log()}")


def bells(redis: Redis) -> list[bytes]:
    """The messages that nobody has taken."""
    keys = redis.scan_iter("celery*", _type="list")
    return [bell for key in keys for bell in cast("list[bytes]", redis.lrange(key, 0, -1))]


@pytest.mark.parametrize("fault", [emptied, restarted])
def test_a_broker_that_fails_after_the_bell(site: Site, person: str, client: FlaskClient, fault: Fault) -> None:
    """The bell lies in the broker, for the worker stands still."""
    with idle_worker(site), site.redis() as redis, fault(site):
        address, page = click(client)
        assert KEPT not in page
        assert any(person.encode() in bell for bell in bells(redis))
    wait_until(lambda: state_of(site, address) == State.READY, what=f"the archive: {site.worker.log()}")
