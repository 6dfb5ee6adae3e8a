"""What docs/production.md tells operators to type is what we run, and its settings exist."""

import configparser
import re
from pathlib import Path

import pytest

from app.cli.serve import LARGE, SMALL
from app.config import SETTINGS
from tests.programs import ROOT

GUIDE = (ROOT / "docs" / "production.md").read_text()
ALL = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md") if path.name != "reference.md")
UNITS = sorted((ROOT / "docs" / "systemd").glob("*.service"))


def read_unit(text: str) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their capitals
    unit.read_string(text)
    return unit["Service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_run_the_commands_of_the_guide(path: object) -> None:
    unit = read_unit((ROOT / "docs" / "systemd" / str(path)).read_text())
    command = unit["ExecStart"].removeprefix("/srv/satchel/").replace("%%", "%")
    assert f"{command}\n" in GUIDE


def test_each_part_has_its_unit() -> None:
    assert [path.stem for path in UNITS] == ["satchel-beat", "satchel-large", "satchel-web", "satchel-worker"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_service_sees_no_source_control_and_writes_in_one_folder(path: object) -> None:
    unit = read_unit((ROOT / "docs" / "systemd" / str(path)).read_text())
    assert unit["InaccessiblePaths"] == "-/srv/satchel/.git"
    assert (unit["User"], unit["ProtectSystem"], unit["NoNewPrivileges"]) == ("satchel", "strict", "yes")
    assert (unit["ReadWritePaths"], unit["UMask"]) == ("/srv/satchel/instance", "0077")


@pytest.mark.parametrize(("name", "command"), [("worker", SMALL), ("large", LARGE)])
def test_a_worker_is_stopped_gently_and_has_its_queue(name: str, command: tuple[str, ...]) -> None:
    unit = read_unit((ROOT / "docs" / "systemd" / f"satchel-{name}.service").read_text())
    assert unit["KillMode"] == "mixed"
    assert "REMAP_SIGTERM=SIGQUIT" in unit["Environment"].split()
    assert set(command[command.index("worker") :]) <= set(unit["ExecStart"].replace("%%", "%").split())


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_programs_can_read_the_log(path: Path) -> None:
    unit = read_unit(path.read_text())
    assert "FLASK_LOG_FORMAT=json" in unit["Environment"].split()
    assert "gunicorn" in unit["ExecStart"] or "--quiet" in unit["ExecStart"].split()


def test_a_new_version_is_reloaded_without_a_refused_page() -> None:
    """SIGHUP, as `make deploys` sends it."""
    unit = read_unit((ROOT / "docs" / "systemd" / "satchel-web.service").read_text())
    assert unit["ExecReload"] == "/bin/kill -s HUP $MAINPID"


def test_every_setting_in_the_docs_exists() -> None:
    known = {setting.name for setting in SETTINGS} | {"INSTANCE_PATH"}
    named = set(re.findall(r"`FLASK_([A-Z_]+[A-Z])`", ALL))
    assert len(named) > 20
    assert named <= known
