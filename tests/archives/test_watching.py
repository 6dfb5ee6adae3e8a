"""A thousand pages may watch: asking how an archive is costs one SELECT, and writes only when there is a reason."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import g
from flask.testing import FlaskClient

from app.archives import ledger, making, reconciling, watching
from app.extensions import db
from app.models import State, User
from app.models.columns import database_time
from tests.archives.conftest import change, let_lease_pass, load


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every SQL statement that is sent meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement != "BEGIN":  # which SQLite is sent as a statement, and PostgreSQL is not
            sent.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def look(client: FlaskClient, archive_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/archives/{archive_id}/status").get_json()
    return found


@pytest.mark.parametrize("state", ["just requested", "waiting", "running", "failed", "ready"])
def test_one_select_says_it_all(ann: User, ann_client: FlaskClient, waiting: str, state: str) -> None:
    """Besides the one that loads the person who asks."""
    if state == "waiting":
        change(waiting, created_at=database_time(-60), dispatched_at=database_time(-5))
    if state == "running":
        ledger.claim(ann.id)
    if state == "failed":
        change(waiting, state=State.FAILED)
    if state == "ready":
        change(waiting, state=State.READY, part_count=1, expires_at=database_time(3600))
    db.session.remove()  # as at the end of any request: the next one knows nobody
    g.pop("_login_user", None)
    with statements() as sent:
        look(ann_client, waiting)
    who, what = sent
    assert "archive" not in who
    assert [each.split()[0] for each in (who, what)] == ["SELECT", "SELECT"]


@pytest.mark.parametrize("reason", ["unheard", "silent"])
def test_it_writes_when_there_is_a_reason(
    ann: User, ann_client: FlaskClient, waiting: str, rung: list[str], reason: str
) -> None:
    change(waiting, created_at=database_time(-60))
    if reason == "silent":
        ledger.claim(ann.id)
        let_lease_pass(waiting)
    with statements() as sent:
        look(ann_client, waiting)
    assert any(statement.startswith("UPDATE") for statement in sent)
    assert rung == [ann.id]
    assert (load(waiting).state, load(waiting).dispatched_at is None) == (State.QUEUED, False)


def test_each_reason_to_write_is_seen_before(ann: User, waiting: str) -> None:
    """`needs_care` and the two changes agree on every kind of row."""
    old = database_time(-3600)
    for values in (
        {"created_at": database_time(60)},
        {"created_at": old},
        {"created_at": old, "dispatched_at": old},
        {"created_at": old, "dispatched_at": database_time(-1)},
        {"created_at": old, "dispatched_at": None, "not_before": database_time(60)},
        {"created_at": old, "not_before": old, "attempt": 99},
        {"state": State.RUNNING, "fence": "x", "lease_until": old, "attempt": 1},
        {"state": State.RUNNING, "fence": "x", "lease_until": database_time(60), "attempt": 1},
        {"state": State.CANCELLED, "fence": None, "lease_until": old},
    ):
        change(waiting, **values)
        watched = watching.find_watched(ann.id, waiting)
        assert watched is not None
        before = facts(waiting)
        db.session.commit()
        reconciling.reconcile_person(ann.id)
        assert (facts(waiting) != before) is watched.needs_care, values


def facts(archive_id: str) -> tuple[object, ...]:
    archive = load(archive_id)
    return archive.state, archive.fence, archive.attempt, archive.dispatched_at


def test_a_long_line_is_counted_to_a_limit_and_asks_less_often(
    ann: User, ann_client: FlaskClient, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MOST_AHEAD", 60)
    people = [User(name=f"P{number}") for number in range(65)]
    db.session.add_all(people)
    db.session.commit()
    for number, person in enumerate(people):
        other, _ = ledger.insert(person.id)
        change(other, created_at=database_time(-3600))
        if number == 41:
            assert look(ann_client, waiting)["poll_after"] == 2
    watched = watching.find_watched(ann.id, waiting)
    assert watched is not None
    assert watched.ahead == 61
    assert look(ann_client, waiting)["poll_after"] == 3


def test_only_the_head_of_a_long_line_is_rung_for(
    ann: User, waiting: str, make_person: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bells that nobody hears lie in Redis: with a hundred thousand people waiting an hour, in 12 GiB of it."""
    monkeypatch.setattr(watching, "RINGS_WITH_AHEAD", 2)
    bob, carl = make_person("Bobby"), make_person("Carl")
    line = [ledger.insert(person.id)[0] for person in (bob, carl)]
    for age, archive_id in zip((300, 200, 100), (*line, waiting), strict=True):
        change(archive_id, created_at=database_time(-age))
    watched = watching.find_watched(ann.id, waiting)
    assert watched is not None
    assert (watched.ahead, watched.needs_care) == (2, False)
    assert sorted(ledger.take_unheard(None, 2)) == sorted([bob.id, carl.id])
    making.generate(bob.id)
    assert ledger.take_unheard(None, 2) == [ann.id]


def test_large_ones_that_wait_for_their_worker_hide_no_small_one(
    ann: User, waiting: str, make_person: Callable[..., User]
) -> None:
    """They stay at the head of the line until it comes, which may be hours."""
    large = [make_person(name) for name in ("Bobby", "Carla")]
    for person in large:
        archive_id, _ = ledger.insert(person.id)
        change(archive_id, created_at=database_time(-300), large=True)
    change(waiting, created_at=database_time(-100))
    assert set(ledger.take_unheard(None, 2)) == {ann.id, *(person.id for person in large)}
