"""How many archives a person may ask for in a day: what counts, when the next one is possible."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.archives import ledger, service
from app.archives.allowance import DAY, Allowance, NotYetError, find_allowance
from app.archives.ledger import Claim
from app.models import State, User
from app.models.columns import database_time
from tests.archives.conftest import change, load


@pytest.fixture
def two_a_day(app: Flask) -> None:
    app.config["ARCHIVES_PER_DAY"] = 2


def ask(person: User, state: State = State.EXPIRED, **values: Any) -> str:
    """For an archive, which then ends so."""
    archive_id, is_new = service.request_archive(person.id)
    assert is_new
    change(archive_id, state=state, **values)
    return archive_id


def is_allowed(person: User) -> bool:
    return find_allowance(person.id).is_allowed


def test_so_many_and_then_the_day_after_the_first(two_a_day: None, ann: User, bob: User) -> None:
    first, _second = ask(ann), ask(ann)
    with pytest.raises(NotYetError) as refused:
        service.request_archive(ann.id)
    at = load(first).created_at + DAY
    assert refused.value.next_at == at
    assert find_allowance(ann.id) == Allowance(is_allowed=False, next_at=at, most=2, per=timedelta(days=1))
    assert find_allowance(bob.id) == Allowance(is_allowed=True, next_at=None, most=2)
    assert len(service.list_archives(ann.id)) == 2
    change(first, created_at=database_time(-DAY.total_seconds() - 1))
    ask(ann)


@pytest.mark.parametrize(
    ("state", "is_begun", "counts"),
    [
        (State.FAILED, True, False),
        (State.CANCELLED, False, False),
        (State.CANCELLED, True, True),
        (State.READY, True, True),
        (State.DELETED, True, True),
        (State.EXPIRED, True, True),
    ],
)
def test_what_counts(two_a_day: None, ann: User, state: State, is_begun: bool, counts: bool) -> None:
    ask(ann)
    ask(ann, state, part_count=1, started_at=database_time() if is_begun else None)
    assert is_allowed(ann) != counts


def start_and_cancel(person: User, archive_id: str) -> None:
    assert ledger.claim(person.id)
    assert service.cancel(person.id, archive_id)


def test_asking_and_cancelling_in_turn_comes_to_an_end(two_a_day: None, ann: User) -> None:
    """A worker had begun each: all that the person has was read."""
    for _ in range(2):
        start_and_cancel(ann, service.request_archive(ann.id)[0])
    with pytest.raises(NotYetError):
        service.request_archive(ann.id)


Hand = Callable[[Claim], None]
"""How a worker lets go of an archive that it had begun."""


@pytest.mark.parametrize(
    "let_go",
    [
        ledger.set_aside,
        partial(ledger.wait_for_space, seconds=0),
        partial(ledger.wait_for_storage, seconds=0),
        lambda held: ledger.give_back(held.fence),
    ],
    ids=["set aside", "no space", "no storage", "worker stopped"],
)
def test_so_it_does_where_the_attempt_did_not_count(
    app: Flask, two_a_day: None, ann: User, ann_client: FlaskClient, let_go: Hand
) -> None:
    """Asked for, set aside as large, cancelled: eight in a row, and the ninth was still allowed."""
    for _ in range(2):
        archive_id, _is_new = service.request_archive(ann.id)
        held = ledger.claim(ann.id)
        assert held
        let_go(held)
        assert (load(archive_id).state, load(archive_id).attempt) == (State.QUEUED, 0)
        assert service.cancel(ann.id, archive_id)
        assert "It counts towards your limit" in ann_client.get(f"/archives/{archive_id}").text
    with pytest.raises(NotYetError):
        service.request_archive(ann.id)


def test_whoever_cancels_in_time_has_lost_nothing(two_a_day: None, ann: User) -> None:
    """The control."""
    for _ in range(4):
        assert service.cancel(ann.id, service.request_archive(ann.id)[0])
    ask(ann)


def test_nor_does_cancelling_the_try_that_does_not_count(two_a_day: None, ann: User) -> None:
    wrong = ask(ann, State.FAILED)
    while is_allowed(ann):
        ask(ann)
    start_and_cancel(ann, service.request_again(ann.id, wrong)[0])
    with pytest.raises(NotYetError):
        service.request_again(ann.id, wrong)


def test_a_clock_that_was_put_back_locks_nobody_out(two_a_day: None, ann: User) -> None:
    for _ in range(2):
        ask(ann, created_at=database_time(3600))
    assert is_allowed(ann)


def test_whoever_waits_for_one_is_led_to_it(two_a_day: None, ann: User) -> None:
    ask(ann)
    waiting, _ = service.request_archive(ann.id)
    assert not is_allowed(ann)
    assert service.request_archive(ann.id) == (waiting, False)


@pytest.mark.parametrize("most", [None, 0])
def test_without_a_limit_any_number_is_allowed(app: Flask, ann: User, most: int | None) -> None:
    app.config["ARCHIVES_PER_DAY"] = most
    for _ in range(7):
        ask(ann)
    assert find_allowance(ann.id) == Allowance(is_allowed=True, next_at=None, most=None)


@pytest.mark.parametrize(
    "ended", [{"state": State.FAILED}, {"state": State.READY, "part_count": 1, "gap_count": 3}], ids=["failed", "gaps"]
)
def test_one_more_try_of_what_went_wrong_does_not_count(two_a_day: None, ann: User, ended: dict[str, Any]) -> None:
    wrong = ask(ann, **ended)
    while is_allowed(ann):
        ask(ann)
    again, is_new = service.request_again(ann.id, wrong)
    assert is_new
    change(again, state=State.FAILED)
    second_try, _ = service.request_again(ann.id, again)  # the try has failed, too
    change(second_try, state=State.READY, part_count=1, gap_count=3)
    for earlier in (wrong, again, second_try):
        with pytest.raises(NotYetError):  # it was made; a picture that is lost for good would lift the limit
            service.request_again(ann.id, earlier)


def test_a_sound_one_once_more_counts(two_a_day: None, ann: User) -> None:
    """The control."""
    ask(ann)
    sound = ask(ann, gap_count=0)
    with pytest.raises(NotYetError):
        service.request_again(ann.id, sound)


def test_an_operator_may_go_beyond_it(app: Flask, two_a_day: None, ann: User, rung: list[str]) -> None:
    ask(ann)
    ask(ann)
    run = app.test_cli_runner().invoke
    words = ["archives", "request", "--user", "ann@example.org"]
    refused = run(args=words)
    assert (refused.exit_code, rung) == (1, [])
    assert "--beyond-limit" in refused.output
    assert run(args=[*words, "--beyond-limit"]).exit_code == 0
    assert rung == [ann.id]
