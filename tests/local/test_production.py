"""What docs/production.md tells operators to type is what we run, and its settings exist."""

import configparser
import os
import re
from pathlib import Path

import pytest

from app.cli.serve import LARGE, SMALL
from app.config import SECRETS, SETTINGS, spell_name
from tests.programs import ROOT
from tests.tools import find_tool, run_tool

GUIDE = (ROOT / "docs" / "production.md").read_text()
ALL = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md") if path.name != "reference.md")
UNITS = sorted((ROOT / "docs" / "systemd").glob("*.service"))
SECRET_NAMES = sorted(map(spell_name, SECRETS))


def read_unit(text: str) -> configparser.SectionProxy:
    """Of a line that stands there several times, the last."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
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


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_each_secret_is_decrypted_for_a_service_and_named_nowhere_else(path: Path) -> None:
    """By a name that systemd looks for: with a path, a secret that a site does not have would stop the start."""
    text = path.read_text()
    assert sorted(re.findall(r"^LoadCredentialEncrypted=(\w+):satchel\.\1$", text, re.MULTILINE)) == SECRET_NAMES
    assert not any(name in line for line in text.splitlines() if "Environment=" in line for name in SECRET_NAMES)


def test_the_guide_keeps_no_secret_in_the_environment() -> None:
    (written,) = re.findall(r"^cat > /etc/satchel.env <<'END'\n(.*?)^END", GUIDE, re.MULTILINE | re.DOTALL)
    names = {line.partition("=")[0] for line in written.splitlines()}
    assert names == {each for each in names if each.startswith("FLASK_")} - set(SECRET_NAMES)
    assert "FLASK_TRUSTED_HOSTS" in names


@pytest.mark.parametrize("whose", ["satchel", "satchel-owner"])
def test_a_command_that_is_typed_is_given_them_too(whose: str, tmp_path: Path) -> None:
    (tmp_path / "systemd-run").write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    (tmp_path / "systemd-run").chmod(0o700)
    (function,) = re.findall(r"^flask_as\(\) \{.*?^\}", GUIDE, re.MULTILINE | re.DOTALL)
    typed = f"PATH={tmp_path}{os.pathsep}$PATH; {function}\nflask_as {whose} users create 'ann smith'"
    said = run_tool("bash", "-ec", typed).stdout
    given = dict(re.findall(r"^LoadCredentialEncrypted=(\w+):(.*)$", said, re.MULTILINE))
    assert sorted(given) == SECRET_NAMES
    assert given == {name: f"satchel.{name}" for name in given} | {"DATABASE_URL": f"{whose}.DATABASE_URL"}
    assert said.endswith("/srv/satchel/.venv/bin/flask\nusers\ncreate\nann smith\n")


def judge(text: str, folder: Path) -> tuple[str, dict[str, str]]:
    """What systemd says of a unit: the lines that it does not understand, and how far it shuts the service in."""
    analyze, unit = find_tool("systemd-analyze"), folder / "satchel-test.service"
    unit.write_text(re.sub("^(ExecStart=).*", r"\1/bin/true", text, flags=re.MULTILINE))
    lines = run_tool(analyze, "verify", "--man=no", unit).stderr.splitlines()
    judged = run_tool(analyze, "security", "--offline=yes", "--no-pager", unit).stdout
    found = dict(re.findall(r"^\S? *((?:IPAddr|RestrictAddr)\w+=\S*) +(.*?)(?: +[\d.]+)? *$", judged, re.MULTILINE))
    return "\n".join(line for line in lines if unit.name in line), found


ONLY_HERE = "Service defines IP address allow list with only localhost entries"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_service_is_connected_with_this_machine_alone(path: Path, tmp_path: Path) -> None:
    """As systemd itself reads the unit; its kernel filter is for whatever the service starts, in C too."""
    complaints, found = judge(path.read_text(), tmp_path)
    assert complaints == ""
    assert found["IPAddressDeny="] == ONLY_HERE
    assert found["RestrictAddressFamilies=~AF_PACKET"] == "Service cannot allocate packet sockets"
    assert found["RestrictAddressFamilies=~…"] == "Service cannot allocate exotic sockets"


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("IPAddressDeny=any", ""),
        ("IPAddressDeny=any", "IPAdressDeny=any"),
        ("IPAddressAllow=localhost", "IPAddressAllow=localhost 192.0.2.7"),
    ],
)
def test_systemd_notices_what_is_allowed_beyond(line: str, instead: str, tmp_path: Path) -> None:
    """The control."""
    text = UNITS[0].read_text()
    complaints, found = judge(text.replace(line, instead), tmp_path)
    assert found["IPAddressDeny="] != ONLY_HERE
    assert bool(complaints) == ("Adress" in instead)


def test_the_guide_says_how_a_server_elsewhere_is_allowed() -> None:
    """With a drop-in whose name has the beginning of each unit's."""
    (folder,) = set(re.findall(r"/etc/systemd/system/(\S+)\.service\.d/servers\.conf", GUIDE))
    assert all(path.stem.startswith(folder) for path in UNITS)
    assert re.search(r"^IPAddressAllow=\S+", GUIDE, re.MULTILINE)


def test_a_new_version_is_reloaded_without_a_refused_page() -> None:
    """SIGHUP, as `make deploys` sends it."""
    unit = read_unit((ROOT / "docs" / "systemd" / "satchel-web.service").read_text())
    assert unit["ExecReload"] == "/bin/kill -s HUP $MAINPID"


def test_every_setting_in_the_docs_exists() -> None:
    known = {setting.name for setting in SETTINGS} | {"INSTANCE_PATH"}
    named = set(re.findall(r"`FLASK_([A-Z_]+[A-Z])`", ALL))
    assert len(named) > 20
    assert named <= known
