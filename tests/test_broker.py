"""One REDIS_URL, and every library reaches the same real server: by password, by TLS, through Sentinels."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from celery.result import AsyncResult, denied_join_result
from flask import Flask
from flask.testing import FlaskClient
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from app import create_app
from app.accounts.people import create_user
from app.archives import service
from app.broker.address import AddressError, spell
from app.config import SettingError
from app.extensions import db, limiter
from app.models import State, User
from app.tasks import add_together, generate_user_archive
from tests import brokers
from tests.brokers import HOST, MASTER, Server
from tests.certificates import Certificate, make_certificate
from tests.programs import CELERY, QUIET, Program, run_valkey, start_worker, wait_until

PASSWORD = "p@ss:/w%rd;é"
QUOTED = quote(PASSWORD, safe="")

pytestmark = pytest.mark.usefixtures("forgetful_limiter")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@contextmanager
def run_site(settings: dict[str, Any], redis_url: str) -> Iterator[Flask]:
    app = create_app(
        {"RATELIMIT_ENABLED": True, "WTF_CSRF_ENABLED": False, **settings, "REDIS_URL": redis_url, "EXAMPLES": True}
    )
    with app.app_context():
        yield app


def reach_everything(app: Flask, settings: dict[str, Any], log: Path) -> None:
    """Message, worker, result and limit go through the broker."""
    redis_url = app.config["REDIS_URL"]
    limiter.storage.incr("a limit", 60)
    worker = start_worker(log, {**settings, "REDIS_URL": redis_url, "EXAMPLES": True})
    try:
        sent = send()
        wait_until(sent.ready, what=f"the sum: {worker.log()}")
        assert sent.result == 6
        assert PASSWORD not in worker.log()
        assert QUOTED not in worker.log()
    finally:
        worker.stop(seconds=0)


def assert_all_there(keys: list[str]) -> None:
    """Messages and results of Celery, and the limiter's counts, all lie where REDIS_URL says."""
    assert {re.split(r"[-/:]", key)[0] for key in keys} >= {"celery", "LIMITS"}


@pytest.mark.worker
def test_a_password(sqlite_settings: dict[str, Any], tmp_path: Path) -> None:
    with brokers.run_server("--requirepass", PASSWORD, password=PASSWORD) as server:
        with run_site(sqlite_settings, f"redis://:{QUOTED}@{HOST}:{server.port}/2") as app:
            reach_everything(app, sqlite_settings, tmp_path / "log")
        assert_all_there(server.ask("KEYS", "*", db=2))
        assert not server.ask("KEYS", "*", db=0)


@pytest.mark.worker
def test_a_user_with_few_rights(sqlite_settings: dict[str, Any], tmp_path: Path) -> None:
    """An account that may not configure or empty the server is enough."""
    with brokers.run_server() as server:
        rights = ("on", f">{PASSWORD}", "~*", "&*", "+@all", "-@dangerous", "-@admin", "+info", "+keys")
        server.ask("ACL", "SETUSER", "satchel", *rights)
        with run_site(sqlite_settings, f"redis://satchel:{QUOTED}@{HOST}:{server.port}") as app:
            reach_everything(app, sqlite_settings, tmp_path / "log")
        assert_all_there(server.ask("KEYS", "*"))


@pytest.mark.worker
def test_a_socket_with_a_password_and_another_database(sqlite_settings: dict[str, Any], tmp_path: Path) -> None:
    with run_valkey() as (_, url):
        with Redis.from_url(url) as client:
            client.config_set("requirepass", PASSWORD)
        address = url.removeprefix("unix://")
        with run_site(sqlite_settings, f"unix://:{QUOTED}@{address}?db=3") as app:
            reach_everything(app, sqlite_settings, tmp_path / "log")
        with Redis.from_url(f"unix://:{QUOTED}@{address}?db=3", decode_responses=True) as client:
            assert_all_there(list(client.scan_iter()))


@pytest.mark.worker
def test_tls(sqlite_settings: dict[str, Any], tmp_path: Path, certificate: Certificate) -> None:
    with brokers.run_server("--requirepass", PASSWORD, tls=certificate, password=PASSWORD) as server:
        address = f"rediss://:{QUOTED}@{HOST}:{server.port}/1?ssl_ca_certs={certificate.certificate}"
        with run_site(sqlite_settings, address) as app:
            reach_everything(app, sqlite_settings, tmp_path / "log")
        assert_all_there(server.ask("KEYS", "*", db=1))


@pytest.mark.parametrize(
    ("query", "trusted"),
    [("", False), ("?ssl_cert_reqs=CERT_REQUIRED", False), ("?ssl_cert_reqs=none", True)],
)
def test_a_certificate_that_nobody_vouches_for(
    sqlite_settings: dict[str, Any], certificate: Certificate, query: str, trusted: bool
) -> None:
    """Left to itself, Celery's broker believes it: the last case is what a plain rediss:// would be."""
    with (
        brokers.run_server(tls=certificate) as server,
        run_site(sqlite_settings, f"rediss://{HOST}:{server.port}{query}"),
    ):
        if trusted:
            generate_user_archive.delay("nobody")
            assert limiter.storage.incr("a limit", 60) == 1
            return
        with pytest.raises(OperationalError, match="certificate verify failed"):
            generate_user_archive.delay("nobody")
        with pytest.raises(Exception, match="certificate verify failed"):
            limiter.storage.incr("a limit", 60)


def sentinel_url(sentinel: Server, *, login: str = "", query: str = "") -> str:
    """With one that has gone named first: any that answers will do."""
    gone = brokers.free_port()
    return f"sentinel://{login}{HOST}:{gone};sentinel://{HOST}:{sentinel.port}/0?master_name={MASTER}{query}"


@pytest.mark.worker
@pytest.mark.parametrize("by_tls", [False, True])
def test_a_sentinel_that_fails_over(
    sqlite_settings: dict[str, Any], tmp_path: Path, certificate: Certificate, by_tls: bool
) -> None:
    password = "a-plain-password"
    tls = certificate if by_tls else None
    with brokers.run_watched(tls=tls, password=password) as (master, replica, sentinel):
        query = f"&ssl_ca_certs={certificate.certificate}" if by_tls else ""
        url = sentinel_url(sentinel, login=f":{password}@", query=query)
        with run_site(sqlite_settings, url):
            ann, bob = (
                create_user(f"{name}@example.org", None, name=name, time_zone="UTC") for name in ("ann", "bob")
            )
            worker = start_worker(tmp_path / "log", {**sqlite_settings, "REDIS_URL": url, "EXAMPLES": True})
            try:
                service.request_archive(ann.id)
                generate_user_archive.delay(ann.id)
                wait_until(lambda: is_archive_ready(ann.id), what=f"the archive: {worker.log()}")
                limiter.storage.incr("a limit", 60)
                service.request_archive(bob.id)
                master.program.kill()
                wait_until(lambda: replica.ask("ROLE")[0] == "master", what="the failover")
                after = wait_until(try_to_send, what="a broker that takes messages")
                wait_until(lambda: is_ready(after), what=f"the sum after the failover: {worker.log()}")
                assert after.result == 6
                generate_user_archive.delay(bob.id)
                wait_until(lambda: is_archive_ready(bob.id), what=f"the second archive: {worker.log()}")
                limiter.storage.incr("a limit", 60)
            finally:
                worker.stop(seconds=0)
        assert_all_there(replica.ask("KEYS", "*"))


def send() -> AsyncResult:
    """Without subscribing to the result, as the site's pages do: that waits 19 s for a broker that is away."""
    with denied_join_result():
        return add_together.delay(4, 2)


def try_to_send() -> AsyncResult | None:
    try:
        return send()
    except OperationalError:
        return None


def is_ready(result: AsyncResult) -> bool:
    try:
        return bool(result.ready())
    except (OSError, RedisError):  # the Sentinels may be between two masters
        return False


@pytest.mark.worker
def test_a_wrong_password_keeps_the_request_and_says_why(
    sqlite_settings: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with brokers.run_server("--requirepass", PASSWORD, password=PASSWORD) as server:
        wrong = f"redis://:wrong@{HOST}:{server.port}"
        with run_site(sqlite_settings, wrong) as app:
            client = app.test_client()
            email = "ann@example.org"
            create_user(email, "a password that is long enough", name="Ann")
            answer = client.post("/sign-in", data={"email": email, "password": "a password that is long enough"})
            assert answer.status_code in {302, 303}
            page = client.post("/archives/", follow_redirects=True).text
            assert "Your request is kept, and starts by itself" in page
            assert "Waiting to start" in page
            assert "REDIS_URL cannot be used (invalid username-password pair or user is disabled" in caplog.text
        command = (*CELERY, "worker", "--loglevel", "INFO", *QUIET)
        worker = Program(command, tmp_path / "log", settings={**sqlite_settings, "REDIS_URL": wrong})
        try:
            worker.wait_for("invalid username-password pair or user is disabled")
            assert "wrong" not in worker.log()
        finally:
            worker.stop(seconds=0)
        right = f"redis://:{QUOTED}@{HOST}:{server.port}"
        with run_site(sqlite_settings, right):
            person = db.session.execute(sa.select(User.id)).scalar_one()
            assert is_made(person, sqlite_settings, right, tmp_path / "log")


def is_made(user_id: str, settings: dict[str, Any], redis_url: str, log: Path) -> bool:
    worker = start_worker(log, {**settings, "REDIS_URL": redis_url})
    try:
        generate_user_archive.delay(user_id)
        return wait_until(lambda: is_archive_ready(user_id), what=f"the archive: {worker.log()}")
    finally:
        worker.stop(seconds=0)


def is_archive_ready(user_id: str) -> bool:
    found = service.list_archives(user_id)[0].state == State.READY
    db.session.commit()
    return found


def test_a_limit_does_not_wait_for_a_server_that_hangs(sqlite_settings: dict[str, Any]) -> None:
    """Without a time-out of its own, the sign-in page would hang as long as the server does."""
    with run_valkey() as (server, url), run_site(sqlite_settings, url) as app:
        client = app.test_client()
        try_to_sign_in(client)
        assert not has_fallen_back()
        server.send(signal.SIGSTOP)
        assert try_to_sign_in(client) < 10
        assert has_fallen_back()
        server.send(signal.SIGCONT)


def has_fallen_back() -> bool:
    """The limiter counts in its own memory."""
    return limiter._storage_dead


def try_to_sign_in(client: FlaskClient) -> float:
    before = time.monotonic()
    assert client.post("/sign-in", data={"email": "a@example.org", "password": "x"}).status_code in {
        200,
        400,
        401,
        422,
    }
    return time.monotonic() - before


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://redis.example.org", "must begin with redis://"),
        ("redis.example.org:6379", "must begin with redis://"),
        ("redis://a;redis://b", "name Sentinels"),
        ("redis://:secret@redis.example.org:port", "port"),
        ("redis://:secret/word@redis.example.org", "Percent-encode"),
        ("redis://redis.example.org?ssl_ca_certs=/ca.pem", "must begin with rediss://"),
        ("rediss://redis.example.org?ssl_cert_reqs=perhaps", "required, optional or none"),
        ("sentinel://a:26379", "master_name"),
        ("sentinel://:26379?master_name=m", "without a host"),
        ("sentinel://a/first?master_name=m", "number of a database"),
    ],
)
def test_an_address_that_cannot_work_is_explained(sqlite_settings: dict[str, Any], url: str, words: str) -> None:
    with pytest.raises(SettingError, match=words) as refused:
        create_app({**sqlite_settings, "REDIS_URL": url})
    assert "secret" not in str(refused.value)
    with pytest.raises(AddressError):
        spell(url)
