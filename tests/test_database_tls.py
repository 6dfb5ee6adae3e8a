"""PostgreSQL on another machine: in production by TLS only, with a certificate that is checked; or what is said then.

The PostgreSQL is real, and the TLS before it too. The other machine is a name, at an address of this one.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app import create_app
from app.accounts.people import create_user
from app.archives import service
from app.extensions import db
from app.models import State
from app.postgresql import tls
from app.tasks import generate_user_archive
from tests.certificates import HOUR, Certificate, make_certificate
from tests.conftest import PRODUCTION
from tests.listener import HOST
from tests.programs import PYTHON, Program, start_worker, wait_until
from tests.tls_door import Door, run_door

NAME = "db.example.org"
PASSWORD = "a-password-of-the-database"
Trust = Callable[[Certificate], None]


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    return {**PRODUCTION, **postgresql_settings}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), NAME)


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Trust:
    """This machine's authorities."""
    return lambda certificate: monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))


def open_door(settings: dict[str, Any], certificate: Certificate | None) -> AbstractContextManager[Door]:
    folder = sa.make_url(settings["DATABASE_URL"]).query["host"]
    assert isinstance(folder, str)
    return run_door(Path(folder) / ".s.PGSQL.5432", certificate, is_asked=True)


def through(door: Door, settings: dict[str, Any], **query: str) -> dict[str, Any]:
    """Settings that lead there."""
    query = {"hostaddr": HOST, **query}
    url = sa.make_url(settings["DATABASE_URL"]).set(host=NAME, port=door.port, password=PASSWORD, query=query)
    return {**settings, "DATABASE_URL": url.render_as_string(hide_password=False)}


@contextmanager
def connected(settings: dict[str, Any]) -> Iterator[sa.Connection]:
    app = create_app(settings)
    with app.app_context():
        try:
            with db.engine.connect() as connection:
                yield connection
        finally:
            db.engine.dispose()


def is_by_tls(settings: dict[str, Any]) -> bool:
    """Raises OperationalError."""
    with connected(settings) as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1
        return bool(driver_of(connection).pgconn.ssl_in_use)


def driver_of(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection


def test_a_certificate_of_a_known_authority(settings: dict[str, Any], certificate: Certificate, trust: Trust) -> None:
    with open_door(settings, certificate) as door:
        trust(certificate)
        assert is_by_tls(through(door, settings))
        assert is_by_tls({**through(door, settings), "SQLALCHEMY_ENGINE_OPTIONS": {}})
        assert door.came == ["TLSv1.3"] * 2


@pytest.mark.parametrize("named_by", ["URL", "PGSSLROOTCERT"])
def test_an_authority_of_our_own(
    settings: dict[str, Any], certificate: Certificate, monkeypatch: pytest.MonkeyPatch, named_by: str
) -> None:
    file = str(certificate.certificate)
    query = {"sslrootcert": file} if named_by == "URL" else {}
    if not query:
        monkeypatch.setenv(named_by, file)
    with open_door(settings, certificate) as door:
        assert is_by_tls(through(door, settings, **query))


FAULTS = ("unknown", "another name", "expired", "none")


def make_faulty(fault: str, folder: Path, known: Certificate, trust: Trust) -> Certificate | None:
    """What the server shows. But for the unknown one, nothing else is wrong with it."""
    if fault in {"unknown", "none"}:
        trust(known)
        return make_certificate(folder, NAME) if fault == "unknown" else None
    made = make_certificate(folder, NAME, ends_in=-HOUR) if fault == "expired" else make_certificate(folder, HOST)
    trust(made)
    return made


@pytest.fixture(params=FAULTS)
def faulty(
    request: pytest.FixtureRequest, settings: dict[str, Any], certificate: Certificate, trust: Trust, tmp_path: Path
) -> Iterator[Door]:
    with open_door(settings, make_faulty(request.param, tmp_path, certificate, trust)) as door:
        yield door


def test_another_is_refused_in_words(settings: dict[str, Any], faulty: Door) -> None:
    with pytest.raises(OperationalError) as refused:
        is_by_tls(through(faulty, settings))
    assert faulty.came == []
    for words in ("The server must speak TLS", "sslrootcert=FILE", "sslmode=disable", "DATABASE_URL"):
        assert words in str(refused.value)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("said_by", ["URL", "PGSSLMODE"])
@pytest.mark.parametrize("mode", ["disable", "prefer"])
def test_whoever_says_so_is_connected_all_the_same(
    settings: dict[str, Any], faulty: Door, monkeypatch: pytest.MonkeyPatch, mode: str, said_by: str
) -> None:
    """The control. Without a word, libpq would `prefer`."""
    query = {"sslmode": mode} if said_by == "URL" else {}
    if not query:
        monkeypatch.setenv(said_by, mode)
    by_tls = is_by_tls(through(faulty, settings, **query))
    assert by_tls == (mode == "prefer" and faulty.has_tls)


def test_a_url_that_wants_tls_without_a_certificate_gets_it(settings: dict[str, Any], tmp_path: Path) -> None:
    with open_door(settings, make_certificate(tmp_path, HOST)) as door:
        assert is_by_tls(through(door, settings, sslmode="require"))
    with open_door(settings, None) as door, pytest.raises(OperationalError, match="The server must speak TLS"):
        is_by_tls(through(door, settings, sslmode="require"))


def test_outside_production_nothing_is_demanded(settings: dict[str, Any], faulty: Door) -> None:
    assert is_by_tls(through(faulty, {**settings, "SESSION_COOKIE_SECURE": False})) == faulty.has_tls


def test_a_server_on_this_machine_needs_none(settings: dict[str, Any]) -> None:
    assert not is_by_tls(settings)
    with open_door(settings, None) as door:
        url = sa.make_url(settings["DATABASE_URL"]).set(host="localhost", port=door.port, query={"hostaddr": HOST})
        assert not is_by_tls({**settings, "DATABASE_URL": url.render_as_string(hide_password=False)})


def test_asking_whether_the_server_is_there_goes_by_tls_too(
    settings: dict[str, Any], certificate: Certificate, trust: Trust
) -> None:
    trust(certificate)
    with open_door(settings, certificate) as door, connected(through(door, settings)) as connection:
        assert driver_of(connection)._is_server_there()
        assert door.came == ["TLSv1.3"] * 2
        parameters = driver_of(connection).info.get_parameters()
        assert parameters["sslmode"] == "verify-full"
        assert parameters["sslrootcert"] == str(certificate.certificate)


def upgrade(settings: dict[str, Any], log: Path) -> tuple[int, str]:
    command = Program((*PYTHON, "flask", "db", "upgrade"), log, settings=settings)
    return command.wait(), command.log()


def test_the_upgrade_says_what_to_do(
    settings: dict[str, Any], certificate: Certificate, trust: Trust, tmp_path: Path
) -> None:
    with open_door(settings, make_certificate(tmp_path, NAME)) as door:
        trust(certificate)
        code, said = upgrade(through(door, settings), tmp_path / "refused.log")
    assert code == 1
    assert "Error: The database does not answer, check DATABASE_URL: " in said
    assert f"an authority in {certificate.certificate}. If the authority is your own, add sslrootcert=FILE" in said
    assert "Traceback" not in said
    assert PASSWORD not in said
    with open_door(settings, certificate) as door:
        assert upgrade(through(door, settings), tmp_path / "done.log")[0] == 0
        assert set(door.came) == {"TLSv1.3"}


def test_the_web_server_says_it_in_its_log_and_no_page_does(
    settings: dict[str, Any], certificate: Certificate, trust: Trust, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trust(certificate)
    with open_door(settings, make_certificate(tmp_path, NAME)) as door:
        app = create_app({**through(door, settings), "WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": False})
        client = app.test_client()
        ready = client.get("/readyz", base_url="https://localhost")
        assert (ready.status_code, ready.get_json()["database"]) == (503, "away")
        (line,) = (each.getMessage() for each in caplog.records if "not ready: the database" in each.getMessage())
        assert "add sslrootcert=FILE" in line
        caplog.clear()
        form = {"email": "ann@example.org", "password": "a password that is long enough"}
        page = client.post("/sign-in", data=form, base_url="https://localhost")
        assert page.status_code == 503
        assert "add sslrootcert=FILE" in caplog.text
        with app.app_context():
            db.engine.dispose()
    assert not any("sslrootcert" in answer.text or NAME in answer.text for answer in (ready, page))
    assert PASSWORD not in caplog.text + line


@pytest.mark.worker
def test_a_worker_comes_by_tls(
    settings: dict[str, Any], certificate: Certificate, trust: Trust, valkey: str, tmp_path: Path
) -> None:
    trust(certificate)
    with open_door(settings, certificate) as door:
        theirs = {**through(door, settings), "REDIS_URL": valkey}
        app = create_app(settings | {"REDIS_URL": valkey})  # by the socket: whoever is at the door is the worker
        worker = start_worker(tmp_path / "worker.log", theirs)
        try:
            with app.app_context():
                person = create_user("ann@example.org", None).id
                service.request_archive(person)
                generate_user_archive.delay(person)
                wait_until(lambda: service.list_archives(person)[0].state == State.READY, what="the archive")
                db.session.remove()
                db.engine.dispose()
        finally:
            worker.stop(seconds=0)
        assert set(door.came) == {"TLSv1.3"}


AWAY = (
    "postgresql://db.example.org/x",
    "postgresql://name:password@10.0.0.1:5433/x",
    "postgresql://[2001:db8::1]/x",
    "postgresql://localhost.example.org/x",
    "postgresql://0.0.0.0/x",
    "postgresql://localhost/x?hostaddr=10.0.0.1",
    "postgresql:///x?hostaddr=10.0.0.1",
    "postgresql:///x?host=db.example.org",
    "postgresql:///x?host=db.example.org:5433",
    "postgresql:///x?host=/run/postgresql,db.example.org",
    "postgresql:///x?host=localhost,db.example.org&port=5432,5433",
    "postgresql:///x?host=localhost:5432&host=db.example.org:5433",
    "postgresql:///x?service=elsewhere",
    "postgresql://db.example.org/x?sslmode=",
)
HERE = (
    "postgresql:///x",
    "postgresql://localhost/x",
    "postgresql://LocalHost:5433/x",
    "postgresql://127.0.0.1/x",
    "postgresql://127.8.9.10/x",
    "postgresql://[::1]/x",
    "postgresql://name@/x?host=/run/postgresql",
    "postgresql:///x?host=/run/postgresql,localhost",
    "postgresql:///x?host=localhost:5432&host=127.0.0.1:5433",
    "postgresql:///x?host=localhost&hostaddr=::1",
)


def named_by(url: str) -> dict[str, Any]:
    """What psycopg is given."""
    parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
    return dict(parsed.get_dialect()().create_connect_args(parsed)[1])


@pytest.mark.parametrize("url", AWAY)
def test_another_machine(url: str) -> None:
    assert tls.secure(named_by(url))["sslmode"] == "verify-full"
    assert tls.secure({**named_by(url), "sslmode": "disable"}) == {}


@pytest.mark.parametrize("url", HERE)
def test_this_machine(url: str) -> None:
    assert tls.secure(named_by(url)) == {}


@pytest.mark.parametrize(("name", "value"), [("PGHOST", NAME), ("PGHOSTADDR", "10.0.0.1"), ("PGSERVICE", "elsewhere")])
def test_another_machine_that_a_variable_names(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    url = "postgresql:///x"
    assert tls.secure(named_by(url)) == {}
    monkeypatch.setenv(name, value)
    assert tls.secure(named_by(url))["sslmode"] == "verify-full"


def test_where_authorities_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's file, or the one in Python's folder, where libpq looks by itself for neither."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    named = {"host": NAME}
    assert tls.secure(named)["sslrootcert"] == "system"
    for name in ("ca-bundle.crt", "ca-certificates.crt"):
        (tmp_path / name).write_text("")
        assert tls.secure(named)["sslrootcert"] == str(tmp_path / name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca-bundle.crt"))
    assert tls.secure(named)["sslrootcert"] == str(tmp_path / "ca-bundle.crt")


def test_libpq_alone_knows_no_authority_but_those_of_the_variables(
    settings: dict[str, Any], certificate: Certificate, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why its word `system` is the last resort."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    with open_door(settings, certificate) as door:
        system = through(door, settings, sslmode="verify-full", sslrootcert="system")
        with pytest.raises(OperationalError, match="certificate verify failed"):
            is_by_tls(system)
        trust(certificate)
        assert is_by_tls(system)


@pytest.mark.parametrize(
    "words",
    [
        'FATAL:  password authentication failed for user "satchel"',
        "connection refused",
        'FATAL:  no pg_hba.conf entry for host "10.0.0.2", user "satchel", database "satchel", SSL encryption',
        "FATAL:  connection requires a valid client certificate",
        "SSL error: tlsv1 alert unknown ca",
    ],
)
def test_other_faults_are_left_as_they_are(words: str) -> None:
    assert tls.advise(Exception(words), {}) is None
    assert tls.advise(Exception(f"{words} SSL error: certificate verify failed"), {})
