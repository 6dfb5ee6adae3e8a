"""A short run of what `make mixing` does at length: whoever asks gets their own, all of it, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from tests.mixing.bugs import BUGS
from tests.mixing.run import run

pytestmark = [pytest.mark.worker, pytest.mark.timeout(600)]

ARCHIVES, FEWER = 20, 16


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_each_archive_holds_its_own_canaries_and_no_others(
    request: pytest.FixtureRequest, valkey: str, tmp_path: Path, database: str
) -> None:
    settings: dict[str, Any] = request.getfixturevalue(f"{database}_settings")
    record = run({**settings, "REDIS_URL": valkey}, ARCHIVES, tmp_path)
    assert (record.stopped, record.foreign, record.missing, record.other) == (0, 0, 0, 0)


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_noticed(postgresql_settings: dict[str, Any], valkey: str, tmp_path: Path, bug: str) -> None:
    """The control: stopped before it is published, or seen in what was."""
    record = run({**postgresql_settings, "REDIS_URL": valkey}, FEWER, tmp_path, planted=bug)
    assert record.stopped + record.bad > 0
    if bug == "a wrong WHERE":
        assert record.stopped == FEWER
