"""No key or password is in a log or in the list of processes: looked for in real programs, at work and failing."""

import http.cookiejar
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy.engine import make_url

from tests.conftest import PASSWORD
from tests.databases import cut_connections
from tests.log_lines import read_lines
from tests.programs import PYTHON, Program, pids_where, wait_until

pytestmark = pytest.mark.worker


BROKER, DATABASE = "the broker's password", "the database's password"


@pytest.fixture
def canaries() -> dict[str, str]:
    names = ("SECRET_KEY", "SIGNING_KEY", "AUDIT_KEY", BROKER, DATABASE)
    return {name: secrets.token_hex(32) for name in names}


@pytest.fixture(params=["text", "json"])
def log_format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(
    postgresql_settings: dict[str, Any], valkey: str, canaries: dict[str, str], log_format: str
) -> dict[str, Any]:
    """Broker and database want passwords; each is in a URL."""
    socket = valkey.removeprefix("unix://")
    redis.Redis(unix_socket_path=socket).config_set("requirepass", canaries[BROKER])
    database = make_url(postgresql_settings["DATABASE_URL"]).set(password=canaries[DATABASE])
    return {
        **postgresql_settings,
        **{name: canary for name, canary in canaries.items() if name.isupper()},
        "DATABASE_URL": database.render_as_string(hide_password=False),
        "REDIS_URL": f"unix://:{canaries[BROKER]}@{socket}",
        "WTF_CSRF_ENABLED": False,
        "LOG_FORMAT": log_format,
    }


def find_in_logs(folder: Path, canaries: Iterable[str]) -> list[str]:
    return [path.name for path in folder.glob("*.log") if any(each in path.read_text() for each in canaries)]


def find_for_people(folder: Path) -> set[str]:
    """Logs in which some line is not an object."""
    found = set()
    for path in folder.glob("*.log"):
        try:
            read_lines(path.read_text())
        except ValueError:
            found.add(path.name)
    return found


def find_in_processes(canaries: Iterable[str]) -> set[int]:
    """What every user of the machine can read of others' processes."""
    return pids_where(lambda process: any(each.encode() in (process / "cmdline").read_bytes() for each in canaries))


def visit(url: str) -> Callable[..., int]:
    """A browser; the status of an answer."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def go(path: str, **form: str) -> int:
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with browser.open(url + path, data, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    return go


def test_programs_keep_them_to_themselves(
    settings: dict[str, Any],
    canaries: dict[str, str],
    start_worker: Callable[..., Program],
    tmp_path: Path,
    log_format: str,
) -> None:
    """And in the form for programs, each line is an object; the control is that for people."""
    worker = start_worker()
    command = (*PYTHON, "gunicorn", "make_celery:flask_app", "--bind", "127.0.0.1:0", "--no-control-socket")
    web = Program(command, tmp_path / "web.log", settings=settings)
    try:
        web.wait_for("Listening at: ")
        go = visit(web.log().partition("Listening at: ")[2].split()[0])
        account = {"email": "ann@example.org", "password": PASSWORD}
        assert go("/sign-up", name="Ann", time_zone="UTC", **account) == 200
        assert go("/archives/", part_size="") == 200
        worker.wait_for(": ready, 1 parts")
        _fail(settings, go, web, worker)
        _find_no_database(settings, tmp_path / "command.log")
        look_for = {**canaries, "a person's password": PASSWORD}.values()
        assert find_in_processes(look_for) == set()
    finally:
        web.stop(seconds=0)
    assert find_in_logs(tmp_path, look_for) == []
    logs = {path.name for path in tmp_path.glob("*.log")}
    assert len(logs) == 3
    assert find_for_people(tmp_path) == (logs if log_format == "text" else set())


def _fail(settings: dict[str, Any], go: Callable[..., int], web: Program, worker: Program) -> None:
    """The database cuts connections, and the broker refuses the password that it took."""
    cut_connections(settings["DATABASE_URL"])
    go("/archives/")
    broker: Any = redis.Redis.from_url(settings["REDIS_URL"])
    broker.config_set("requirepass", "another")
    broker.execute_command("CLIENT", "KILL", "TYPE", "normal")
    assert go("/readyz") == 503
    web.wait_for("not ready: the broker")
    wait_until(lambda: "Cannot connect to" in worker.log(), what="the worker's complaint")


def _find_no_database(settings: dict[str, Any], log: Path) -> None:
    nowhere = make_url(settings["DATABASE_URL"]).set(host="127.0.0.1", port=1, query={})
    given = {**settings, "DATABASE_URL": nowhere.render_as_string(hide_password=False)}
    command = Program((*PYTHON, "flask", "users", "lock", "ann@example.org"), log, settings=given)
    assert command.wait() != 0
    assert "127.0.0.1" in command.log()


def test_one_that_gets_out_is_found(tmp_path: Path) -> None:
    """The control."""
    canary = secrets.token_hex(32)
    program = Program(
        (*PYTHON[:1], "-c", "import sys, time; print(sys.argv[1], flush=True); time.sleep(600)", canary),
        tmp_path / "chatty.log",
    )
    try:
        program.wait_for(canary)
        assert find_in_processes([canary]) == {program.pid}
        assert find_in_logs(tmp_path, [canary]) == ["chatty.log"]
    finally:
        program.stop(seconds=0)
