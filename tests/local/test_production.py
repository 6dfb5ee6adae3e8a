"""What docs/production.md tells operators to type is what we run, and its settings exist."""

import configparser
import re

import pytest

from app.cli.serve import WORKER
from app.config import SETTINGS
from tests.programs import ROOT

GUIDE = (ROOT / "docs" / "production.md").read_text()
UNITS = sorted((ROOT / "docs" / "systemd").glob("*.service"))


def read_unit(text: str) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their capitals
    unit.read_string(text)
    return unit["Service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_run_the_commands_of_the_guide(path: object) -> None:
    unit = read_unit((ROOT / "docs" / "systemd" / str(path)).read_text())
    command = unit["ExecStart"].removeprefix("/srv/satchel/")
    assert f"{command}\n" in GUIDE


def test_there_are_three_units() -> None:
    assert [path.stem for path in UNITS] == ["satchel-beat", "satchel-web", "satchel-worker"]


def test_the_worker_is_stopped_gently() -> None:
    unit = read_unit((ROOT / "docs" / "systemd" / "satchel-worker.service").read_text())
    assert (unit["KillMode"], unit["Environment"]) == ("mixed", "REMAP_SIGTERM=SIGQUIT")
    assert set(WORKER[WORKER.index("worker") :]) <= set(unit["ExecStart"].split())


def test_every_setting_in_the_guide_exists() -> None:
    known = {setting.name for setting in SETTINGS} | {"INSTANCE_PATH"}
    named = set(re.findall(r"`FLASK_([A-Z_]+[A-Z])`", GUIDE))
    assert named
    assert named <= known
