"""Secrets as files of a folder, as systemd, Docker and Kubernetes lay them there: taken, and in no environment."""

import json
import re
import secrets
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy.engine import make_url

from app import create_app
from app.config import AWS_KEYS, SECRETS, SettingError, spell_name
from app.credential_files import FOLDER
from tests.conftest import PRODUCTION
from tests.programs import PYTHON, Program, pids_where, start_worker, wait_until

VALUES = {
    "DATABASE_URL": "postgresql://satchel:a-canary-of-tests@localhost/satchel",
    "REDIS_URL": "redis://:a-canary-of-tests@localhost:6379/0",
    "SECRET_KEY": secrets.token_hex(32),
    "SECRET_KEY_FALLBACKS": json.dumps([secrets.token_hex(32)]),
    "SIGNING_KEY": secrets.token_hex(32),
    "AUDIT_KEY": secrets.token_hex(32),
    "STORAGE_URL": "s3://canary-bucket/prefix?endpoint=https://s3.example.org",
    "MAIL_URL": "smtps://satchel:a-canary-of-tests@smtp.example.org",
    "AWS_ACCESS_KEY_ID": "canary-of-an-id",
    "AWS_SECRET_ACCESS_KEY": "canary-of-a-secret",
}
MORE = {"PUBLIC_BASE_URL": "https://satchel.example.org"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of credentials that the environment names."""
    made = tmp_path / "credentials"
    made.mkdir(mode=0o700)
    monkeypatch.setenv(FOLDER, str(made))
    return made


def refuse(tmp_path: Path) -> str:
    with pytest.raises(SettingError) as caught:
        create_app({"INSTANCE_PATH": tmp_path / "instance", **MORE})
    return caught.value.message


def test_every_secret_may_be_a_file() -> None:
    assert set(VALUES) == set(SECRETS)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=["bare", "newline", "windows"])
def test_a_file_counts_as_the_environment_does(
    name: str, end: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / spell_name(name)
    path.write_bytes(f"{VALUES[name]}{end}".encode())
    settings = {"INSTANCE_PATH": tmp_path / "instance", **MORE}
    found = create_app(settings).config
    path.unlink()
    assert name in AWS_KEYS or create_app(settings).config[name] != found[name]  # the control: it was the file's
    monkeypatch.setenv(spell_name(name), VALUES[name])
    assert found[name] == (VALUES[name] if name in AWS_KEYS else create_app(settings).config[name])


def test_keys_as_files_are_enough_in_production(folder: Path, tmp_path: Path) -> None:
    production = {name: value for name, value in PRODUCTION.items() if not name.endswith("_KEY")}
    with pytest.raises(SettingError, match="SECRET_KEY is not set"):  # the control
        create_app({"INSTANCE_PATH": tmp_path / "instance", **production})
    for name in ("SECRET_KEY", "SIGNING_KEY", "AUDIT_KEY"):
        (folder / spell_name(name)).write_text(VALUES[name])
    found = create_app({"INSTANCE_PATH": tmp_path / "instance", **production}).config
    assert found["AUDIT_KEY"] == VALUES["AUDIT_KEY"]
    assert list((tmp_path / "instance").iterdir()) == []


@pytest.mark.parametrize("name", VALUES)
def test_what_is_given_twice_is_refused(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / spell_name(name)).write_text(VALUES[name])
    monkeypatch.setenv(spell_name(name), VALUES[name])
    said = refuse(tmp_path)
    assert f"{name} is given twice" in said
    assert "Take it out of the environment" in said
    assert "canary" not in said
    assert VALUES[name] not in said


def test_flasks_own_spelling_in_the_environment_counts_as_well(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "SECRET_KEY").write_text(VALUES["SECRET_KEY"])
    monkeypatch.setenv("FLASK_SECRET_KEY", secrets.token_hex(32))
    assert "SECRET_KEY is given twice" in refuse(tmp_path)


@pytest.mark.parametrize(
    "name", ["SIGNING_KEY", "FLASK_SINGING_KEY", "FLASK_SECRET_KEY", "FLASK_LOG_FORMAT", "AWS_SESSION_TOKEN"]
)
def test_a_name_that_would_be_passed_over_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    (folder / name).write_text("a-canary-of-tests")
    said = refuse(tmp_path)
    assert f"{name} cannot be a file in {FOLDER}" in said
    assert "FLASK_SIGNING_KEY" in said
    assert "canary" not in said


def test_files_of_others_are_left_alone(folder: Path, tmp_path: Path) -> None:
    """What Kubernetes puts beside its links, and another program's password."""
    (folder / "..data").mkdir()
    (folder / "..data" / "SECRET_KEY").write_text(VALUES["SECRET_KEY"])
    (folder / "SECRET_KEY").symlink_to(Path("..data") / "SECRET_KEY")
    (folder / "grafana-password").write_bytes(b"\xff")
    (folder / "grafana-password").chmod(0)
    assert create_app({"INSTANCE_PATH": tmp_path / "instance"}).config["SECRET_KEY"] == VALUES["SECRET_KEY"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_text("\n"), "is empty"),
        (lambda path: path.write_bytes(b"canary\xff"), "is no text"),
        (lambda path: path.mkdir(), "cannot be read"),
        (lambda path: path.symlink_to("nowhere"), "cannot be read"),
    ],
    ids=["empty", "no text", "a folder", "nowhere"],
)
def test_a_file_that_cannot_be_taken_is_named(
    spoil: Callable[[Path], Any], words: str, folder: Path, tmp_path: Path
) -> None:
    spoil(folder / "SECRET_KEY")
    said = refuse(tmp_path)
    assert f"{folder / 'SECRET_KEY'} {words}" in said
    assert "canary" not in said


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "nowhere"))
    assert f"{FOLDER} names what cannot be read" in refuse(tmp_path)


@pytest.fixture
def given(postgresql_settings: dict[str, Any], valkey: str) -> dict[str, str]:
    """The secrets of a site; each has something random in it to look for. Broker and database want passwords."""
    password, socket = secrets.token_hex(32), valkey.removeprefix("unix://")
    redis.Redis(unix_socket_path=socket).config_set("requirepass", password)
    database = make_url(postgresql_settings["DATABASE_URL"]).set(password=secrets.token_hex(32))
    return {
        "DATABASE_URL": database.render_as_string(hide_password=False),
        "REDIS_URL": f"unix://:{password}@{socket}",
        **{name: secrets.token_hex(32) for name in ("SECRET_KEY", "SIGNING_KEY", "AUDIT_KEY")},
    }


CHILD = """
import subprocess
from make_celery import flask_app
print(flask_app.config["SECRET_KEY"][:8], "is there")
print(subprocess.run(["env"], capture_output=True, text=True).stdout, "the end")
"""


@pytest.mark.worker
@pytest.mark.parametrize("way", ["files", "environment"])
def test_no_environment_has_what_files_hold(
    way: str, given: dict[str, str], folder: Path, instance: Path, tmp_path: Path
) -> None:
    """Of web server, worker, their children and what they start. The control finds them all in the usual way."""
    settings: dict[str, Any] = {"INSTANCE_PATH": instance}
    if way == "environment":
        settings |= given
    else:
        for name, value in given.items():
            (folder / spell_name(name)).write_text(f"{value}\n")
    canaries = set(re.findall("[0-9a-f]{64}", " ".join(given.values())))
    assert len(canaries) == len(given)
    command = (*PYTHON, "gunicorn", "make_celery:flask_app", "--bind", "127.0.0.1:0", "--no-control-socket")
    programs = [Program(command, tmp_path / "web.log", settings=settings)]
    try:
        programs.append(start_worker(tmp_path / "worker.log", settings))
        programs[0].wait_for("Listening at: ")
        url = programs[0].log().partition("Listening at: ")[2].split()[0]
        wait_until(lambda: answers(f"{url}/healthz"), what="the web server")
        running = set().union(*({each.pid} | each.child_pids() for each in programs))
        assert len(running) == 4
        found = find_in_environments(canaries)
        child = Program((*PYTHON[:1], "-c", CHILD), tmp_path / "child.log", settings=settings)
        assert child.wait() == 0, child.log()
    finally:
        for program in programs:
            program.stop(seconds=0)
    assert f"{given['SECRET_KEY'][:8]} is there" in child.log()
    assert FOLDER in child.log()
    assert running <= found if way == "environment" else not found
    told = {path.name for path in tmp_path.glob("*.log") if any(each in path.read_text() for each in canaries)}
    assert told == ({"child.log"} if way == "environment" else set())


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def find_in_environments(canaries: Iterable[str]) -> set[int]:
    wanted = [each.encode() for each in canaries]
    return pids_where(lambda process: any(each in (process / "environ").read_bytes() for each in wanted))
