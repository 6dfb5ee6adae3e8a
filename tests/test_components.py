"""Components that are older than promised are found (OWASP ASVS 5.0, 15.2.1)."""

import re
from datetime import date, timedelta

import pytest

from tests.components import MOST, find_fault, list_files, stamp
from tests.programs import ROOT

DAY = date(2026, 11, 23)
LISTED = "flask==3.1.3 \\\n    --hash=sha256:00\n"


@pytest.mark.parametrize("days", [0, 1, MOST.days])
def test_young_ones_are_fine(days: int) -> None:
    assert find_fault("requirements.txt", stamp(LISTED, DAY), DAY + timedelta(days=days)) is None


def test_older_ones_are_named_with_what_to_do() -> None:
    fault = find_fault("requirements.txt", stamp(LISTED, DAY), DAY + MOST + timedelta(days=1)) or ""
    assert "requirements.txt was resolved 93 days ago" in fault
    assert "make requirements" in fault


def test_a_list_without_its_day_is_named() -> None:
    assert "does not say when" in (find_fault("requirements.txt", LISTED, DAY) or "")


def test_a_new_stamp_takes_the_place_of_the_old() -> None:
    assert stamp(stamp(LISTED, DAY), DAY + timedelta(days=1)) == "# Resolved on 2026-11-24.\n" + LISTED


def test_all_four_lists_tell_their_day() -> None:
    """On which they were fine; whether they are today, `make components` says."""
    assert len(list_files()) == 4
    for file in list_files():
        found = re.match(r"# Resolved on ([\d-]+)\.\n", text := file.read_text())
        assert found, file
        assert find_fault(file.name, text, date.fromisoformat(found[1])) is None


def test_it_is_what_is_promised_and_asked_before_anything_lands() -> None:
    assert "at least every three months" in " ".join((ROOT / "docs" / "security.md").read_text().split())
    assert "\nmake components\n" in (ROOT / ".ci" / "run").read_text()
