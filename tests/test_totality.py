"""Lists that must be complete are, and the walls of the house hold: each with a planted fault that is caught."""

import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import click
import pytest
from flask import Flask

from app.config import SETTINGS
from app.tasks import generate_user_archive
from tests import reference
from tests.programs import ROOT

SCALARS = {str, int, float, bool}


def own_tasks(app: Flask) -> dict[str, object]:
    celery_app = app.extensions["celery"]
    return {name: task for name, task in celery_app.tasks.items() if not name.startswith("celery.")}


def test_every_beat_entry_names_a_task(app: Flask) -> None:
    schedule = app.extensions["celery"].conf.beat_schedule
    assert {entry["task"] for entry in schedule.values()} <= own_tasks(app).keys()
    assert schedule


def test_every_task_takes_scalars_that_json_carries(app: Flask) -> None:
    for name, task in own_tasks(app).items():
        hints = get_type_hints(inspect.unwrap(task.run))  # type: ignore[attr-defined]
        given = {kind for argument, kind in hints.items() if argument not in {"return", "self"}}
        assert given <= SCALARS, name


def test_the_manuals_words_are_kept(app: Flask) -> None:
    assert list(inspect.signature(generate_user_archive.run).parameters) == ["user_id"]
    assert get_type_hints(generate_user_archive.run) == {"user_id": str, "return": type(None)}
    assert app.extensions["celery"].conf.task_ignore_result
    assert generate_user_archive.ignore_result
    assert not own_tasks(app)["app.tasks.add_together"].ignore_result  # type: ignore[attr-defined]


def commands(app: Flask) -> Iterator[tuple[str, click.Command]]:
    for name, command in app.cli.commands.items():
        if command.callback is not None and not (command.callback.__module__ or "").startswith("app."):
            continue
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", each) for sub, each in command.commands.items())
        else:
            yield name, command


def test_every_command_has_help(app: Flask) -> None:
    ours = {
        name: command
        for name, command in commands(app)
        if command.callback is not None and inspect.unwrap(command.callback).__module__.startswith("app.")
    }
    assert ours.keys() >= {"serve", "users create", "journal import", "archives request"}
    assert {name for name, command in ours.items() if not command.help} == set()
    assert {name.partition(" ")[0] for name in ours} == {"db", *reference.COMMANDS}


def test_every_setting_has_its_reason() -> None:
    assert all(setting.reason.endswith(".") for setting in SETTINGS)


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-tools.txt", "requirements-bench.txt"]
)
def test_requirements_have_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    packages = re.findall(r"^[a-z0-9._\[\]-]+==", text, re.MULTILINE | re.IGNORECASE)
    assert len(packages) > 10
    assert text.count("--hash=sha256:") >= len(packages)


LAYERS = "Imports run downhill, and every room has its place"
ENGINE = "The engine knows SQLAlchemy and file formats only"
MODELS = "Models declare what they are, and use nothing else of the engine"
FAULTS = {
    "a room without a place": ("app/utils.py", "", "utils"),
    "the service imports its task": ("app/archives/late.py", "from app import tasks", LAYERS),
    "an import hidden in a function": (
        "app/models/hidden.py",
        "def f():\n    from app.archives import ledger",
        LAYERS,
    ),
    "the engine learns of Flask": ("app/engine/web.py", "import flask", ENGINE),
    "the engine learns of our models": ("app/engine/ours.py", "from app.models import User", LAYERS),
    "models use the engine": ("app/models/deep.py", "from app.engine import graph", MODELS),
    "somebody imports the root": ("app/journal/root.py", "from app import create_app", LAYERS),
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(house: Path) -> tuple[int, str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_walls_hold_as_they_are(house: Path) -> None:
    code, said = lint(house)
    assert (code, "0 broken" in said) == (0, True), said


@pytest.mark.parametrize("fault", FAULTS)
def test_a_hole_in_a_wall_is_found(house: Path, fault: str) -> None:
    path, text, wall = FAULTS[fault]
    (house / path).write_text(text)
    code, said = lint(house)
    assert code == 1
    assert f"{wall} BROKEN" in said or (wall == "utils" and "utils" in said), said
