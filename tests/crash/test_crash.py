"""A short run of what `make crash` does at every line, with its mutants."""

import json
import subprocess
from typing import Any

import pytest

from tests.crash.campaign import DATABASES
from tests.crash.mutants import MUTANTS, SHARED
from tests.programs import PYTHON, ROOT

pytestmark = [pytest.mark.worker, pytest.mark.timeout(900)]

POINTS = 12


def run(database: str) -> dict[str, Any]:
    """In a program of its own: it forks, which one with pytest's threads must not do."""
    command = [*PYTHON, "tests.crash", "--points", str(POINTS), "--database", database, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "exit": done.returncode, "log": done.stderr}


@pytest.mark.parametrize("database", DATABASES)
def test_killed_anywhere_everything_is_made_once_and_nothing_is_left(database: str) -> None:
    found, mutants = run(database), {*MUTANTS, *(SHARED if database == "postgresql" else ())}
    assert [breach for each in found["tallies"] for breach in each["breaches"]] == [], found["log"]
    assert sum(each["struck"] for each in found["tallies"]) >= POINTS
    assert all(each["struck"] for each in found["tallies"])
    assert {each["name"] for each in found["trials"] if each["caught"]} == mutants
    assert {each["name"] for each in found["trials"] if each["calm"]} == {"wrong size"}
    assert found["exit"] == 0
