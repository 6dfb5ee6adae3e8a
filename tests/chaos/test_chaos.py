"""A short run of what `make chaos` does at length, and its control: the same faults with the tutorial's settings."""

import pytest

from tests.chaos import judge
from tests.chaos.judge import Limits
from tests.chaos.run import run
from tests.chaos.rush import LIMITS as OF_A_RUSH
from tests.chaos.rush import rush

pytestmark = [pytest.mark.worker, pytest.mark.timeout(600)]

FAULTS, DEPLOYS, PEOPLE, SEED = 12, 2, 60, 7
LIMITS = Limits(page=45, archive=90)
"""`make chaos` holds pages to 6 s and archives to 30 s, which a machine with much else to do may miss."""


def test_nothing_is_lost_doubled_or_mixed() -> None:
    record = run(FAULTS, SEED)
    assert judge.breaches(record, LIMITS) == []
    assert len({fault.kind.name for fault in record.faults}) == FAULTS
    assert len(record.downloads) >= FAULTS // 2
    assert any(
        judge.waits_after(fault, record.rows) for fault in record.faults
    )  # somebody was waiting when something broke


def test_the_tutorials_settings_lose_some() -> None:
    """The control."""
    assert judge.not_served(run(FAULTS, SEED, control=True))


def test_deploys_lose_nothing_and_cost_no_attempt() -> None:
    """While a page may have to wait for the new processes, none is refused."""
    record = run(DEPLOYS, SEED, only=["deploy"])
    assert judge.breaches(record, LIMITS) == []
    assert judge.count_given_back(record)


def test_workers_that_are_killed_cost_attempts() -> None:
    """The control."""
    assert judge.count_attempts(run(1, SEED, only=["all workers killed"]))


def test_everybody_at_once_is_served() -> None:
    record = rush(PEOPLE, SEED)
    assert judge.breaches(record, OF_A_RUSH) == []
    assert (len(record.rows), len(record.downloads)) == (PEOPLE, PEOPLE)
