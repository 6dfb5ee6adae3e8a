"""Short runs of what `make chaos`, `make deploys` and `make rush` do at length, and their controls."""

import signal
from pathlib import Path

import pytest

from tests.chaos import judge
from tests.chaos.faults import KINDS
from tests.chaos.judge import BUSY
from tests.chaos.run import run
from tests.chaos.rush import LIMITS as OF_A_RUSH
from tests.chaos.rush import rush
from tests.chaos.stack import WORKERS
from tests.programs import PYTHON, Program, pids_with_environment

pytestmark = [pytest.mark.worker, pytest.mark.timeout(600)]

FAULTS, PEOPLE, SEED = 8, 30, 7


def test_nothing_is_lost_doubled_or_mixed() -> None:
    record = run(FAULTS, SEED)
    assert judge.breaches(record, BUSY) == []
    assert len({fault.kind.name for fault in record.faults}) == FAULTS
    assert len(record.downloads) >= FAULTS // 2
    waited = [wait for fault in record.faults for wait in judge.waits_after(fault, record.rows)]
    assert waited  # somebody was waiting when something broke
    assert {each.letter.kind for each in record.mails or ()} == {"requested", "ready", "downloaded", "signed_in"}
    assert len(record.taken) >= len(record.mails or ())


def test_the_tutorials_settings_lose_some() -> None:
    """The control."""
    assert judge.not_served(run(len(KINDS) // 2, SEED, control=True))


def test_a_deploy_loses_nothing_and_costs_no_attempt() -> None:
    """While a page may have to wait for the new processes, none is refused.

    The control is in tests/archives/test_worker.py: workers that are killed cost attempts.
    """
    for seed in range(SEED, SEED + 3):  # who is stopped may have finished just then
        record = run(1, seed, only=["deploy"])
        assert judge.breaches(record, BUSY) == []
        if judge.count_given_back(record):
            return
    pytest.fail("no archive was ever interrupted")


def test_everybody_at_once_is_served() -> None:
    record = rush(PEOPLE, SEED)
    assert judge.breaches(record, OF_A_RUSH) == []
    assert len({row.user_id for row in record.rows}) == PEOPLE


def test_sigterm_ends_it_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    """With the table of what was seen until then. The control is in the middle: what must go is there."""
    command = (*PYTHON, "tests.chaos", "--faults", "1000", "--seed", str(SEED))
    chaos = Program(command, tmp_path / "log", TMPDIR=str(tmp_path))
    try:
        chaos.wait_for("\n1: ", seconds=300)
        assert len(pids_with_environment("TMPDIR", tmp_path)) > len(WORKERS)
        chaos.send(signal.SIGTERM)
        assert chaos.wait(seconds=60) == 2
        assert pids_with_environment("TMPDIR", tmp_path) == set()
    finally:
        chaos.stop()
    assert "what was under way is not judged" in chaos.log()
    assert "the whole run" in chaos.log()
    assert list(tmp_path.glob("chaos-*")) == []
