"""What keeps `flask serve` from starting is said in words, before anything has started."""

import io
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.cli.serve import _start_valkey
from app.config import socket_path
from app.extensions import db
from app.local import valkey
from app.local.lock import hold_lock
from app.local.supervisor import Supervisor
from tests.programs import PYTHON, ROOT, Program, wait_until


def refuse(app: Flask, *options: str) -> str:
    """The words."""
    result = app.test_cli_runner().invoke(args=["serve", *options])
    assert result.exit_code in {1, 2}, result.output
    assert " | " not in result.output
    return result.output


def test_a_second_one(app: Flask, instance: Path) -> None:
    with hold_lock(instance / "serve.lock"):
        said = refuse(app)
    assert f"Process {os.getpid()} already uses {instance}" in said
    assert "FLASK_INSTANCE_PATH" in said


def test_a_folder_that_cannot_be_written(app: Flask, instance: Path) -> None:
    (instance / "serve.lock").mkdir()
    assert f"{instance} cannot be written" in refuse(app, "--port", "0")


@pytest.mark.parametrize(("folder", "reason"), [("file/instance", "Not a directory"), ("/proc/self", "No such file")])
def test_a_folder_that_cannot_be_made_or_filled(tmp_path: Path, folder: str, reason: str) -> None:
    """On the very first start, when no command of ours has begun yet: the keys are made before."""
    (tmp_path / "file").touch()
    told = Program((*PYTHON, "flask", "serve"), tmp_path / "log", settings={"INSTANCE_PATH": tmp_path / folder})
    assert told.wait() == 1
    assert told.log().startswith("Error: /")
    assert f"cannot be used ({reason}" in told.log()
    assert "secret_key" not in told.log()  # a draft that nobody would find
    assert "FLASK_INSTANCE_PATH names another one." in told.log()


def test_a_busy_port(app: Flask, instance: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refuse(app, "--port", str(port))
    assert f"Port {port} of 127.0.0.1 is busy" in said
    assert f"--port {port + 1}" in said
    assert not (instance / "valkey").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "192.0.2.1"), "Check --host and --port."),
        (("--host", "no.such.host.invalid"), "Check --host and --port."),
        (("--port", "65536"), "65536 is not in the range"),
        (("--port", "http"), "'http' is not a valid integer"),
        (("--concurrency", "0"), "--concurrency"),
    ],
)
def test_impossible_options(app: Flask, options: tuple[str, str], words: str) -> None:
    assert words in refuse(app, *options)


def test_a_port_for_root(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", forbid)
    assert "Choose one above 1023" in refuse(app, "--port", "80")


def test_an_old_database(tmp_path: Path) -> None:
    app = create_app({"INSTANCE_PATH": tmp_path})
    assert "Run `flask db upgrade` first" in refuse(app, "--port", "0")
    with app.app_context():
        db.engine.dispose()


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    app = create_app({"INSTANCE_PATH": tmp_path, "DATABASE_URL": "postgresql://127.0.0.1:1/nowhere"})
    assert "The database does not answer, check DATABASE_URL" in refuse(app, "--port", "0")


def test_a_socket_that_cannot_be_made(app: Flask, instance: Path) -> None:
    (instance / "valkey").touch()
    result = app.test_cli_runner().invoke(args=["serve", "--port", "0"])
    assert result.exit_code == 1
    assert result.output.endswith(f"Error: {instance / 'valkey'} cannot be made: File exists.\n")


def test_a_broker_left_behind_is_ended_first(app: Flask, sqlite_settings: dict[str, Any], instance: Path) -> None:
    """What a killed supervisor leaves where the kernel does not help."""
    address = socket_path(instance)
    for folder in (instance / "valkey", address.parent):
        valkey.prepare_folder(folder)
    left = Program(valkey.command(instance / "valkey", address), instance / "log")
    wait_until(lambda: valkey.ping(address), what="Valkey")
    with Supervisor(name="serve", folder=ROOT, environment=os.environ, stream=io.StringIO()) as programs:
        _start_valkey(programs, instance)
        assert left.wait() == 0
        assert valkey.ping(address)
