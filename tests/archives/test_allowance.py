"""How many archives a person may ask for in a day: what counts, when the next one is possible."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.archives import ledger, service
from app.archives.allowance import DAY, Allowance, NotYetError, find_allowance
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
    ("state", "attempt", "counts"),
    [
        (State.FAILED, 5, False),
        (State.CANCELLED, 0, False),
        (State.CANCELLED, 1, True),
        (State.READY, 1, True),
        (State.DELETED, 1, True),
        (State.EXPIRED, 1, True),
    ],
)
def test_what_counts(two_a_day: None, ann: User, state: State, attempt: int, counts: bool) -> None:
    ask(ann)
    ask(ann, state, part_count=1, attempt=attempt)
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
