"""Each change of state happens once, to the right row, by who has the right to it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.archives import ledger
from app.archives.ledger import Claim, LeaseLostError, writing
from app.engine.build import Built, BuiltPart
from app.extensions import db
from app.models import Archive, State, User
from app.models.columns import database_time, now
from tests.archives.conftest import change, let_lease_pass, load

BUILT = Built((BuiltPart(Path("nowhere"), 10, "0" * 64),), 3, 0, now())


def in_threads(app: Flask, deed: Callable[[], Any], times: int) -> list[Any]:
    """The same deed many times at once, each in its own context and connection."""

    def run(_: int) -> Any:
        with app.app_context():
            return deed()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(run, range(times)))


def claim(user_id: str) -> Claim:
    held = ledger.claim(user_id)
    assert held is not None
    return held


def test_a_hundred_clicks_make_one_request(app: Flask, ann: User) -> None:
    answers = in_threads(app, lambda: ledger.insert(ann.id), 100)
    assert len({archive_id for archive_id, _ in answers}) == 1
    assert sum(is_new for _, is_new in answers) == 1


def test_check_then_insert_makes_several(app: Flask, ann: User) -> None:
    """The control: without the index, looking first does not help."""
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX uq_archive_active")

    everybody_has_looked = threading.Barrier(8)

    def look_then_insert() -> None:
        absent = not db.session.scalar(sa.select(Archive.id).where(Archive.user_id == ann.id))
        db.session.rollback()
        everybody_has_looked.wait(timeout=60)
        if absent:
            db.session.add(Archive(user_id=ann.id))
            db.session.commit()

    in_threads(app, look_then_insert, 8)
    assert db.session.execute(sa.select(sa.func.count()).select_from(Archive)).scalar_one() == 8


def test_of_many_claims_one_wins(app: Flask, ann: User, waiting: str) -> None:
    held = [each for each in in_threads(app, lambda: ledger.claim(ann.id), 40) if each]
    assert len(held) == 1
    assert (load(waiting).state, load(waiting).attempt) == (State.RUNNING, 1)


def test_one_that_is_cancelled_while_it_is_claimed_is_nobodys(
    ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_late(statement: sa.Update) -> int:
        found = writing.change(statement)
        ledger.cancel(ann.id, waiting)
        return found

    monkeypatch.setattr("app.archives.ledger.work.change", change_late)
    assert ledger.claim(ann.id) is None
    assert load(waiting).state == State.CANCELLED


def test_a_silent_workers_archive_can_be_claimed_and_its_fence_is_void(ann: User, waiting: str) -> None:
    first = claim(ann.id)
    assert ledger.claim(ann.id) is None
    let_lease_pass(waiting)
    second = claim(ann.id)
    assert second.attempt == 2
    deeds: tuple[Callable[[], None], ...] = (
        partial(ledger.renew, first, "step", 1),
        partial(ledger.finish, first, ["name"], BUILT),
        partial(ledger.fail, first, "fault"),
    )
    for deed in deeds:
        with pytest.raises(LeaseLostError):
            deed()
    ledger.give_back(first.fence)
    ledger.finish(second, ["name"], BUILT)
    assert load(waiting).state == State.READY


def test_a_heartbeat_extends_the_lease_and_shows_progress(ann: User, waiting: str) -> None:
    held = claim(ann.id)
    let_lease_pass(waiting)
    ledger.renew(held, "Comments", 420)
    archive = load(waiting)
    assert (archive.step, archive.done) == ("Comments", 420)
    assert archive.lease_until is not None
    assert timedelta(0) < archive.lease_until - now() <= timedelta(seconds=16)


def test_a_finished_archive_has_its_facts_and_a_date(ann: User, waiting: str) -> None:
    ledger.finish(claim(ann.id), ["name.zip"], BUILT)
    archive = load(waiting)
    assert (archive.part_count, archive.size, archive.row_count, archive.gap_count) == (1, 10, 3, 0)
    assert archive.snapshot_at == BUILT.snapshot_at
    assert (archive.fence, archive.lease_until) == (None, None)
    assert archive.expires_at is not None
    assert timedelta(days=6.9) < archive.expires_at - now() < timedelta(days=7.1)


def test_the_database_refuses_ready_without_a_file(app: Flask, waiting: str) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        change(waiting, state=State.READY)
    db.session.rollback()


def test_retries_wait_longer_each_time_and_end(app: Flask, ann: User, waiting: str) -> None:
    pauses = []
    for _ in range(app.config["ARCHIVE_MAX_ATTEMPTS"]):
        change(waiting, not_before=None)
        ledger.retry_later(claim(ann.id), "fault")
        archive = load(waiting)
        if archive.state == State.QUEUED:
            assert ledger.claim(ann.id) is None  # not before its time
            assert archive.not_before is not None
            pauses.append(round((archive.not_before - now()).total_seconds()))
    assert pauses == [
        pytest.approx(10, abs=2),
        pytest.approx(20, abs=2),
        pytest.approx(40, abs=2),
        pytest.approx(80, abs=2),
    ]
    assert (load(waiting).state, load(waiting).error) == (State.FAILED, "fault")


def test_an_archive_given_back_does_not_lose_an_attempt(ann: User, waiting: str) -> None:
    ledger.give_back(claim(ann.id).fence)
    assert (load(waiting).state, load(waiting).attempt) == (State.QUEUED, 0)


def test_cancel_ends_what_waits_or_runs_and_fences_the_worker_out(ann: User, waiting: str) -> None:
    held = claim(ann.id)
    assert ledger.cancel(ann.id, waiting)
    assert not ledger.cancel(ann.id, waiting)
    with pytest.raises(LeaseLostError):
        ledger.finish(held, ["name"], BUILT)
    assert load(waiting).state == State.CANCELLED


def test_nobody_cancels_or_deletes_for_somebody_else(ann: User, bob: User, waiting: str) -> None:
    assert not ledger.cancel(bob.id, waiting)
    ledger.finish(claim(ann.id), ["name"], BUILT)
    assert not ledger.delete_ready(bob.id, waiting)
    assert load(waiting).state == State.READY
    assert ledger.delete_ready(ann.id, waiting)
    assert load(waiting).state == State.DELETED


def test_silent_archives_go_back_and_fail_after_the_last_attempt(app: Flask, ann: User, waiting: str) -> None:
    claim(ann.id)
    ledger.recover_silent(None)
    assert load(waiting).state == State.RUNNING  # its lease has not passed
    let_lease_pass(waiting)
    ledger.recover_silent(None)
    assert (load(waiting).state, load(waiting).fence) == (State.QUEUED, None)
    change(waiting, attempt=app.config["ARCHIVE_MAX_ATTEMPTS"] - 1)
    claim(ann.id)
    let_lease_pass(waiting)
    ledger.recover_silent(None)
    assert (load(waiting).state, load(waiting).error) == (State.FAILED, "interrupted")


def test_a_watcher_recovers_only_his_own(ann: User, bob: User, waiting: str) -> None:
    claim(ann.id)
    let_lease_pass(waiting)
    ledger.recover_silent(bob.id)
    assert load(waiting).state == State.RUNNING
    ledger.recover_silent(ann.id)
    assert load(waiting).state == State.QUEUED


def test_an_unheard_bell_is_rung_once_and_again_after_a_while(app: Flask, ann: User, waiting: str) -> None:
    assert ledger.take_unheard(None) == []  # it was requested just now; its own bell may still ring
    change(waiting, created_at=now() - timedelta(seconds=5))
    rung = in_threads(app, lambda: ledger.take_unheard(None), 8)
    assert [user_id for users in rung for user_id in users] == [ann.id]
    assert ledger.take_unheard(None) == []
    change(waiting, dispatched_at=now() - timedelta(seconds=31))
    assert ledger.take_unheard(None) == [ann.id]


def test_what_is_past_its_date_expires(ann: User, waiting: str) -> None:
    ledger.finish(claim(ann.id), ["name"], BUILT)
    ledger.expire()
    assert load(waiting).state == State.READY
    change(waiting, expires_at=now() - timedelta(seconds=1))
    ledger.expire()
    assert load(waiting).state == State.EXPIRED


def test_the_pulse_is_one_row(app: Flask) -> None:
    in_threads(app, ledger.beat_pulse, 8)
    ledger.beat_pulse()
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM pulse").scalar_one() == 1


def test_a_person_who_is_gone_cannot_ask(app: Flask) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        ledger.insert("00000000-0000-0000-0000-000000000000")
    db.session.rollback()


def test_allowing_fewer_attempts_leaves_nobody_waiting_for_ever(app: Flask, ann: User, waiting: str) -> None:
    change(waiting, attempt=3)
    app.config["ARCHIVE_MAX_ATTEMPTS"] = 3
    assert ledger.claim(ann.id) is None
    ledger.recover_silent(None)
    assert load(waiting).state == State.FAILED


def test_a_long_title_does_not_stop_the_work(ann: User, waiting: str) -> None:
    held = claim(ann.id)
    ledger.renew(held, "T" * 500, 1)
    assert load(waiting).step == "T" * 80


def test_a_turn_is_taken_once_in_its_time(app: Flask) -> None:
    assert [ledger.take_turn("a deed", 60), ledger.take_turn("a deed", 60)] == [True, False]
    assert ledger.take_turn("another deed", 60)
    assert ledger.take_turn("a deed", -60)  # as if a minute had passed
    assert in_threads(app, lambda: ledger.take_turn("a wanted deed", 60), 8).count(True) == 1


def test_a_pause_is_no_longer_than_it_says(ann: User, waiting: str) -> None:
    """However lately the bell was rung for the attempt that failed."""
    change(waiting, created_at=database_time(-60))
    assert ledger.take_unheard(None) == [ann.id]
    ledger.retry_later(claim(ann.id), "fault")
    assert ledger.take_unheard(None) == []
    change(waiting, not_before=database_time(-1))
    assert ledger.take_unheard(None) == [ann.id]
