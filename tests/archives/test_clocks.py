"""One clock counts, the database's: machines may be wrong by hours, and clocks may be put forward and back."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from celery.schedules import schedule
from flask import Flask

from app.archives import ledger, making, reconciling, service
from app.config import Every
from app.extensions import db
from app.models import Pulse, State, User
from app.models.columns import database_time, in_days
from app.tasks import generate_user_archive, reconcile_archives
from tests.archives.conftest import change, load
from tests.programs import CELERY, PYTHON, QUIET, Program, wait_until

HOUR = 3600


@pytest.fixture
def settings(postgresql_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**postgresql_settings, "REDIS_URL": valkey}


@pytest.fixture
def two_archives(ann: User) -> list[str]:
    """Ids of archives of Ann's: one that expires in half an hour, and one that has expired a second ago."""
    found = []
    for seconds in (1800, -1):
        archive_id, _ = service.request_archive(ann.id)
        making.generate(ann.id)
        change(archive_id, expires_at=database_time(seconds))
        found.append(archive_id)
    return found


@pytest.mark.worker
@pytest.mark.parametrize(("off", "control"), [(HOUR, [410, 410]), (-HOUR, [200, 200])], ids=["ahead", "behind"])
def test_no_archive_is_served_too_long_or_too_short(
    two_archives: list[str], settings: dict[str, Any], tmp_path: Path, off: int, control: list[int]
) -> None:
    """By a web process whose own clock is wrong."""
    command = [*PYTHON, "tests.wrong_clock", str(off), "tests.archives.downloads", *two_archives]
    program = Program(command, tmp_path / "downloads.log", settings=settings)
    try:
        program.wait_for("answers: ")
        assert f"answers: {[[200, 410], control]}\n" in program.log()
    finally:
        program.stop(seconds=0)


@pytest.fixture(params=[HOUR, -HOUR], ids=["ahead", "behind"])
def wrong_worker(request: pytest.FixtureRequest, settings: dict[str, Any], tmp_path: Path) -> Iterator[Program]:
    """A worker whose clock is an hour off, in a zone of its own."""
    command = [*PYTHON, "tests.wrong_clock", str(request.param), *CELERY[2:], "worker", "--loglevel", "INFO"]
    log = tmp_path / "worker.log"
    worker = Program([*command, "--concurrency", "1", *QUIET], log, settings=settings, TZ="Asia/Kolkata", PGTZ="NZ")
    yield worker
    worker.stop(seconds=0)


@pytest.mark.worker
def test_a_worker_whose_clock_is_wrong_does_its_work(
    app: Flask, ann: User, bob: User, make_person: Callable[..., User], wrong_worker: Program
) -> None:
    """It makes archives, recovers what has gone silent and leaves alone what has not."""
    silent, alive = (_run_elsewhere(person, seconds) for person, seconds in ((bob, -1), (make_person("Cleo"), 60)))
    schedule = app.extensions["celery"].conf.beat_schedule["reconcile"]
    reconcile_archives.apply_async(**schedule["options"])
    wait_until(lambda: load(silent).state == State.READY, what="the recovered one")
    assert (load(silent).attempt, load(alive).state, load(alive).attempt) == (2, State.RUNNING, 1)
    asked, _ = service.request_archive(ann.id)
    generate_user_archive.delay(ann.id)
    wait_until(lambda: load(asked).state == State.READY, what="Ann's archive")
    archive = load(asked)
    assert archive.attempt == 1
    assert archive.expires_at
    assert timedelta(minutes=-2) < archive.expires_at - service.read_clock() - timedelta(days=7) < timedelta(minutes=2)


def _run_elsewhere(person: User, seconds: float) -> str:
    """Id of the person's archive, which a worker somewhere has; its lease ends then."""
    archive_id, _ = ledger.insert(person.id)
    assert ledger.claim(person.id)
    change(archive_id, lease_until=database_time(seconds), created_at=database_time(-60))
    return archive_id


@pytest.mark.worker
@pytest.mark.parametrize("wrong_worker", [HOUR], indirect=True, ids=["ahead"])
def test_a_message_that_expires_soon_would_be_thrown_away(app: Flask, wrong_worker: Program) -> None:
    """The control: what the reconciler's messages once said."""
    reconcile_archives.apply_async(expires=15, priority=0)
    wrong_worker.wait_for("Discarding revoked task: app.tasks.reconcile_archives")


def test_messages_that_have_piled_up_cost_a_look_each(ann: User, waiting: str) -> None:
    change(waiting, created_at=database_time(-60))
    assert [reconciling.reconcile_in_turn() for _ in range(3)] == [[ann.id], [], []]
    assert reconciling.reconcile_in_turn() == []
    db.session.execute(sa.update(Pulse).values(at=database_time(-8)))
    change(waiting, dispatched_at=None)
    assert reconciling.reconcile_in_turn() == [ann.id]


PUT_BACK = database_time(HOUR)
"""A moment of a clock that was put back by an hour since."""


def test_a_clock_that_was_put_back_leaves_no_dead_worker_its_archive(ann: User, waiting: str) -> None:
    assert ledger.claim(ann.id)
    change(waiting, lease_until=PUT_BACK, started_at=PUT_BACK, created_at=PUT_BACK)
    assert reconciling.reconcile() == [ann.id]
    making.generate(ann.id)
    assert (load(waiting).state, load(waiting).attempt) == (State.READY, 2)


def test_a_living_worker_keeps_it(ann: User, waiting: str) -> None:
    """It renews its lease within seconds, whatever the clock says."""
    held = ledger.claim(ann.id)
    assert held
    change(waiting, lease_until=PUT_BACK)
    ledger.renew(held, "reading", 1)
    ledger.recover_silent(None)
    assert load(waiting).state == State.RUNNING


def test_a_longer_lease_of_a_process_that_was_restarted_sooner_is_believed(
    app: Flask, ann: User, waiting: str
) -> None:
    """The setting is raised, and one process after the other restarted; one that was not looks after archives."""
    raised, old = 600, app.config["ARCHIVE_LEASE_SECONDS"]
    app.config["ARCHIVE_LEASE_SECONDS"] = raised
    held = ledger.claim(ann.id)
    assert held
    app.config["ARCHIVE_LEASE_SECONDS"] = old
    assert ledger.recover_silent(None) == []
    assert ledger.claim(ann.id) is None
    ledger.renew(held, "reading", 1)


def test_a_clock_that_was_put_forward_costs_an_attempt_at_most(ann: User, waiting: str) -> None:
    held = ledger.claim(ann.id)
    assert held
    change(waiting, lease_until=database_time(-HOUR))
    ledger.recover_silent(None)
    with pytest.raises(ledger.LeaseLostError):
        ledger.renew(held, "reading", 1)
    making.generate(ann.id)
    assert (load(waiting).state, load(waiting).attempt) == (State.READY, 2)


def test_bells_and_turns_do_not_wait_for_the_old_hour(app: Flask, ann: User, waiting: str) -> None:
    change(waiting, created_at=PUT_BACK, dispatched_at=PUT_BACK)
    assert ledger.take_unheard(None) == [ann.id]
    assert ledger.take_unheard(None) == []
    assert ledger.take_turn("a deed", 60)
    db.session.execute(sa.update(Pulse).values(at=PUT_BACK))
    assert ledger.take_turn("a deed", 60)
    assert not ledger.take_turn("a deed", 60)


@pytest.mark.parametrize(("kind", "is_due"), [(Every, True), (schedule, False)], ids=["ours", "Celery's"])
def test_beat_does_not_wait_for_the_old_hour(app: Flask, kind: type[schedule], is_due: bool) -> None:
    """The control is Celery's own."""
    now = datetime.now(UTC)
    found = kind(15, nowfun=lambda: now, app=app.extensions["celery"])
    assert found.is_due(now + timedelta(hours=1)).is_due is is_due
    assert not found.is_due(now - timedelta(seconds=10)).is_due
    assert found.is_due(now - timedelta(seconds=15)).is_due


@pytest.mark.parametrize(
    ("moment", "hours"),
    [(in_days(7), 168), (sa.text("clock_timestamp() + interval '7 days'"), 167)],
    ids=["ours", "days"],
)
def test_a_day_has_24_hours_when_clocks_change(app: Flask, moment: sa.ColumnElement[Any], hours: int) -> None:
    """The control: PostgreSQL's own days follow the zone of the connection."""
    start = datetime(2026, 3, 7, 17, tzinfo=UTC)  # a day before New York's clocks are put forward
    with db.engine.connect() as connection:
        connection.exec_driver_sql(
            f"""CREATE SCHEMA clock;
            CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql
            AS $$ SELECT timestamptz '{start.isoformat()}' $$;
            SET LOCAL search_path = clock, pg_catalog;
            SET LOCAL TIME ZONE 'America/New_York'"""
        )
        assert connection.execute(sa.select(moment)).scalar_one() - start == timedelta(hours=hours)
