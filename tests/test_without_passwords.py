"""All of Satchel without a password for PostgreSQL or Redis: by certificates, and on one machine by its accounts.

Both are real, and who may come in is theirs to say. The other machine is a name, at an address of this one.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from kombu import pools
from kombu.exceptions import OperationalError as BrokerError
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError

from app import create_app
from app.accounts.people import create_user
from app.archives import service
from app.extensions import db, limiter
from app.models import State
from app.tasks import generate_user_archive
from tests import brokers
from tests.brokers import HOST, Server
from tests.certificates import HOUR, Certificate, make_certificate
from tests.conftest import PASSWORD, PRODUCTION
from tests.databases import grant, run_sql
from tests.postgres_server import Postgres, run_postgres
from tests.programs import PYTHON, ROOT, Program, run_valkey, start_worker, wait_until
from tests.tools import find_tool

pytestmark = pytest.mark.usefixtures("forgetful_limiter")

NAME = "db.example.org"
OWNER, APP = "satchel", "satchel_app"
ME = pwd.getpwuid(os.getuid()).pw_name
Make = Callable[..., Certificate]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    return lambda *host, **more: make_certificate(tmp_path_factory.mktemp("tls"), *host, **more)


def documented(word: str) -> str:
    """The first line of docs/servers.md that begins with it, as an operator copies it."""
    lines = (ROOT / "docs" / "servers.md").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{word} "))


@pytest.fixture(autouse=True)
def forgotten_connections() -> Iterator[None]:
    """kombu keeps those of a process by their address, with whichever certificate they were made."""
    yield
    pools.reset()  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def authority(make: Make) -> Certificate:
    """Of clients, for both servers."""
    return make(common_name="An authority of the tests")


@pytest.fixture(scope="module")
def clients(make: Make, authority: Certificate) -> dict[str, Certificate]:
    expired = make(common_name=APP, authority=authority, ends_in=-HOUR)
    valid = {name: make(common_name=name, authority=authority) for name in (APP, OWNER)}
    return {**valid, "expired": expired}


@dataclass(frozen=True)
class SecuredPostgres:
    server: Postgres
    certificate: Certificate

    def url(self, shown: Certificate | None, role: str = APP) -> str:
        query = f"hostaddr={HOST}&sslrootcert={self.certificate.certificate}"
        ours = f"sslcert={shown.certificate}&sslkey={shown.key}" if shown else "sslcert=/nothing"
        return f"postgresql://{role}@{NAME}:{self.server.port}/{OWNER}?{query}&{ours}"


@dataclass(frozen=True)
class SecuredRedis:
    server: Server
    certificate: Certificate

    def url(self, shown: Certificate | None) -> str:
        ours = f"&ssl_certfile={shown.certificate}&ssl_keyfile={shown.key}" if shown else ""
        return f"rediss://{HOST}:{self.server.port}/0?ssl_ca_certs={self.certificate.certificate}{ours}"


def make_roles(server: Postgres) -> None:
    for words in (f"ROLE {OWNER} LOGIN", f"ROLE {APP} LOGIN", f"DATABASE {OWNER} OWNER {OWNER}"):
        run_sql(server.superuser, f"CREATE {words}")


@pytest.fixture(scope="module")
def postgres_by_tls(make: Make, authority: Certificate) -> Iterator[SecuredPostgres]:
    certificate = make(NAME)
    rules = [documented("hostssl").replace("10.0.0.0/24", f"{HOST}/32"), f"local {OWNER} {OWNER} trust"]
    with run_postgres(rules, tls=certificate, clients=authority) as server:
        make_roles(server)
        yield SecuredPostgres(server, certificate)


@pytest.fixture(scope="module")
def redis_by_tls(make: Make, authority: Certificate, clients: dict[str, Certificate]) -> Iterator[SecuredRedis]:
    certificate, ours = make(), clients[APP]
    demand = ("--tls-auth-clients", "yes", "--tls-ca-cert-file", str(authority.certificate))
    speak = {"ssl_certfile": str(ours.certificate), "ssl_keyfile": str(ours.key)}
    with brokers.run_server(*demand, tls=certificate, **speak) as server:
        yield SecuredRedis(server, certificate)


@pytest.fixture(scope="module")
def postgres_by_account() -> Iterator[Postgres]:
    """The account of these tests may be the application, and not the owner."""
    rules = [documented("local"), f"host {OWNER} {OWNER} {HOST}/32 trust"]
    names = [documented("satchel").replace(" satchel ", f" {ME} ")]
    with run_postgres(rules, names) as server:
        make_roles(server)
        yield server


@dataclass(frozen=True)
class Backends:
    """Their URLs, and who came to PostgreSQL in which way once they were used."""

    owner: str
    granter: str
    """The owner's too, for a psql that has no TLS."""
    app: str
    redis: str
    postgres: Postgres
    came: set[tuple[str, str]]
    ask_redis: Callable[..., Any]


@pytest.fixture
def by_certificate(
    postgres_by_tls: SecuredPostgres, redis_by_tls: SecuredRedis, clients: dict[str, Certificate]
) -> Backends:
    server = postgres_by_tls.server
    return Backends(
        owner=postgres_by_tls.url(clients[OWNER], OWNER),
        granter=server.url(OWNER, OWNER),
        app=postgres_by_tls.url(clients[APP]),
        redis=redis_by_tls.url(clients[APP]),
        postgres=server,
        came={(f"CN={OWNER}", "cert"), (f"CN={APP}", "cert")},
        ask_redis=redis_by_tls.server.ask,
    )


@pytest.fixture
def by_account(postgres_by_account: Postgres) -> Iterator[Backends]:
    server = postgres_by_account
    owner = f"postgresql://{OWNER}@{HOST}:{server.port}/{OWNER}"
    with run_valkey() as (_, url), Redis.from_url(url, decode_responses=True) as client:
        yield Backends(
            owner=owner,
            granter=owner,
            app=server.url(APP, OWNER),
            redis=url,
            postgres=server,
            came={(ME, "peer")},
            ask_redis=client.execute_command,
        )


def run_command(*words: str, settings: dict[str, Any], log: Path) -> str:
    """What it says, when it has done it."""
    program = Program((*PYTHON, "flask", *words), log, settings=settings)
    assert program.wait() == 0, program.log()
    return program.log()


@pytest.mark.worker
@pytest.mark.parametrize("way", ["by_certificate", "by_account"])
def test_all_of_it(request: pytest.FixtureRequest, instance: Path, tmp_path: Path, way: str) -> None:
    """Commands, the web server and a worker, in production."""
    backends: Backends = request.getfixturevalue(way)
    settings = {**PRODUCTION, "INSTANCE_PATH": instance, "DATABASE_URL": backends.app, "REDIS_URL": backends.redis}
    theirs = {**settings, "DATABASE_URL": backends.owner}
    run_command("db", "upgrade", settings=theirs, log=tmp_path / "upgrade.log")
    assert list(instance.iterdir()) == []  # by root it would be root's
    assert grant(backends.granter) == ""
    app = create_app({**settings, "WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": True})
    worker = start_worker(tmp_path / "worker.log", settings)
    try:
        with app.app_context():
            person = create_user("ann@example.org", PASSWORD, name="Ann").id
            ask_for_an_archive(app)
            wait_until(lambda: is_ready(person), what=f"the archive: {worker.log()}")
            db.engine.dispose()
    finally:
        worker.stop(seconds=0)
    assert "ready" in run_command(
        "archives", "list", "--user", "ann@example.org", settings=settings, log=tmp_path / "list.log"
    )
    assert backends.postgres.list_ways() == backends.came
    assert any(key.startswith("LIMITS") for key in backends.ask_redis("KEYS", "*"))
    assert backends.ask_redis("CONFIG", "GET", "requirepass") in ({"requirepass": ""}, ["requirepass", ""])
    assert not any(sa.make_url(url).password for url in (backends.owner, backends.app, backends.redis))


def ask_for_an_archive(app: Flask) -> None:
    client = app.test_client()
    https = {"base_url": "https://localhost"}
    form = {"email": "ann@example.org", "password": PASSWORD}
    assert client.post("/sign-in", data=form, **https).status_code in {302, 303}
    assert client.post("/archives/", **https).status_code in {302, 303}


def is_ready(person: str) -> bool:
    found = service.list_archives(person)[0].state == State.READY
    db.session.remove()
    return found


REFUSED = {
    "none": "requires a valid client certificate",
    "unknown": "unknown ca",
    OWNER: "certificate authentication failed",
    "expired": "expired",
}


def find(clients: dict[str, Certificate], fault: str, make: Make) -> Certificate | None:
    """What the application shows. But for the unknown one, its authority is known."""
    return None if fault == "none" else make(common_name=APP) if fault == "unknown" else clients[fault]


def connect(url: str, instance: Path) -> str:
    """Its role there. Raises OperationalError."""
    app = create_app({**PRODUCTION, "INSTANCE_PATH": instance, "DATABASE_URL": url})
    with app.app_context():
        try:
            return str(db.session.execute(sa.text("SELECT current_user")).scalar_one())
        finally:
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("fault", REFUSED)
def test_postgresql_refuses_another(
    postgres_by_tls: SecuredPostgres, clients: dict[str, Certificate], make: Make, instance: Path, fault: str
) -> None:
    """The control: nothing but the certificate opens it. That of another role is that of another."""
    assert connect(postgres_by_tls.url(clients[APP]), instance) == APP
    with pytest.raises(OperationalError, match=REFUSED[fault]) as refused:
        connect(postgres_by_tls.url(find(clients, fault, make)), instance)
    assert "The server must speak TLS" not in str(refused.value)  # it does


@pytest.mark.parametrize("fault", ["none", "unknown", "expired"])
def test_redis_refuses_another(
    redis_by_tls: SecuredRedis,
    clients: dict[str, Certificate],
    make: Make,
    sqlite_settings: dict[str, Any],
    fault: str,
) -> None:
    """The control."""
    with create_app({**sqlite_settings, "REDIS_URL": redis_by_tls.url(find(clients, fault, make))}).app_context():
        with pytest.raises(BrokerError):
            generate_user_archive.delay("nobody")
        with pytest.raises(RedisError):
            limiter.storage.incr("a limit", 60)
    pools.reset()  # type: ignore[no-untyped-call]
    with create_app({**sqlite_settings, "REDIS_URL": redis_by_tls.url(clients[APP])}).app_context():
        generate_user_archive.delay("nobody")
        redis_by_tls.server.ask("FLUSHALL")


def test_a_renewed_certificate_counts_at_once(
    postgres_by_tls: SecuredPostgres,
    redis_by_tls: SecuredRedis,
    clients: dict[str, Certificate],
    sqlite_settings: dict[str, Any],
    tmp_path: Path,
) -> None:
    """Nothing is started anew: its files are read for each connection."""
    shown = Certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")

    def put(certificate: Certificate) -> None:
        for source, target in zip(certificate, shown, strict=True):
            shutil.copy(source, target)

    put(clients["expired"])
    urls = {"DATABASE_URL": postgres_by_tls.url(shown), "REDIS_URL": redis_by_tls.url(shown)}
    app = create_app({**sqlite_settings, **PRODUCTION, **urls})
    with app.app_context():
        with pytest.raises(OperationalError, match="expired"):
            db.session.execute(sa.text("SELECT 1"))
        db.session.rollback()
        with pytest.raises(BrokerError):
            generate_user_archive.delay("nobody")
        put(clients[APP])
        assert db.session.execute(sa.text("SELECT 1")).scalar_one() == 1
        generate_user_archive.delay("nobody")
        db.session.remove()
        db.engine.dispose()
    redis_by_tls.server.ask("FLUSHALL")


def test_an_account_is_one_role_only(postgres_by_account: Postgres, instance: Path) -> None:
    """The control: PostgreSQL asks the kernel who is there, and does not believe what the URL says."""
    assert connect(postgres_by_account.url(APP, OWNER), instance) == APP
    with pytest.raises(OperationalError, match="Peer authentication failed"):
        connect(postgres_by_account.url(OWNER, OWNER), instance)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can come as another account")
@pytest.mark.parametrize("is_member", [True, False])
def test_redis_is_reached_by_who_may_open_its_socket(is_member: bool) -> None:
    """Whoever is in the group of its account, and nobody else."""
    with tempfile.TemporaryDirectory(prefix="broker-") as folder:
        Path(folder).chmod(0o755)
        socket = f"{folder}/redis.sock"
        with brokers.run_server("--unixsocket", socket, *f"--{documented('unixsocketperm')}".split()):
            done = subprocess.run(
                [find_tool("redis-cli"), "-s", socket, "ping"],
                user="nobody",
                group="nogroup",
                extra_groups=[os.getgid()] if is_member else [],
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )
    assert ("PONG" if is_member else "Permission denied") in done.stdout + done.stderr
