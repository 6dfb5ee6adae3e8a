"""Who waits is rung for again, since a bell may be lost; but not while the bells lie with the broker."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select, update

from app import outbox
from app.archives import ledger
from app.broker import queues
from app.config import LARGE_QUEUE, MAIL_QUEUE, QUEUE
from app.extensions import db
from app.models import Archive, Mail, MailKind, User
from app.models.columns import database_time
from app.tasks import generate_user_archive, reconcile_archives, reconcile_mails

PEOPLE = 6
FEW = 4

pytestmark = pytest.mark.worker


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey, "RECONCILE_SECONDS": 0.001}


@pytest.fixture(autouse=True)
def _empty(valkey: str) -> Iterator[None]:
    with Redis.from_url(valkey) as broker:
        broker.flushall()
        yield
        broker.flushall()


@pytest.fixture
def _all_wait(app: Flask, make_person: Callable[..., User]) -> None:
    """Each person for an archive and for a mail."""
    for number in range(PEOPLE):
        person = make_person(f"Person {number}")
        ledger.insert(person.id)
        outbox.put(MailKind.PASSWORD_CHANGED, person.id)
        db.session.commit()


def pass_time() -> None:
    """Longer than anybody waits for a bell to be heard."""
    db.session.execute(update(Archive).values(dispatched_at=database_time(-3600)))
    db.session.execute(update(Mail).values(rung_at=database_time(-3600)))
    db.session.commit()


def count_messages() -> int:
    return sum(map(queues.count_messages, (QUEUE, MAIL_QUEUE)))


def ring_again_and_again() -> list[int]:
    """How many messages there are, each time."""
    found = []
    for _ in range(3):
        pass_time()
        reconcile_archives()
        reconcile_mails()
        found.append(count_messages())
    return found


@pytest.mark.usefixtures("_all_wait")
def test_a_long_queue_grows_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "LONGEST", FEW)
    assert ring_again_and_again() == [2 * FEW] * 3


@pytest.mark.usefixtures("_all_wait")
def test_unasked_the_queue_grows_with_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(queues, "count_room", lambda _queue: FEW)
    assert ring_again_and_again() == [2 * FEW, 4 * FEW, 6 * FEW]


@pytest.mark.usefixtures("_all_wait")
def test_lost_bells_are_rung_again(valkey: str) -> None:
    before = ring_again_and_again()[-1]
    with Redis.from_url(valkey) as broker:
        broker.flushall()
    assert count_messages() == 0
    assert queues.count_room(QUEUE) == queues.LONGEST
    assert ring_again_and_again()[0] * 3 == before


@pytest.mark.parametrize("longest", [0, 1], ids=["long", "short"])
def test_large_archives_are_not_rung_for_twice(
    app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch, longest: int
) -> None:
    """Whoever is left out is rung for again where the line begins, as if the bell had been lost."""
    app.config["ARCHIVE_LARGE_ROWS"] = 0
    monkeypatch.setattr(queues, "LONGEST", longest)
    ledger.insert(ann.id)
    db.session.commit()
    generate_user_archive(ann.id)
    assert db.session.scalar(select(func.count()).where(Archive.large)) == 1
    assert queues.count_messages(LARGE_QUEUE) == longest
