"""Nobody gets around the limit by asking twice at the same moment."""

from threading import Thread
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from app.archives import service
from app.archives.allowance import check_allowance
from app.archives.ledger import asking
from app.extensions import db
from app.models import State, User
from app.models.columns import database_time
from tests.archives.conftest import change
from tests.programs import wait_until


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL: SQLite lets one writer in after the other."""
    return postgresql_settings


def hold_nobody(user_id: str) -> dict[str, Any]:
    return {"locale": db.session.scalar(select(User.language).where(User.id == user_id))}


@pytest.mark.parametrize(
    "ended",
    [{"state": State.EXPIRED}, {"state": State.CANCELLED, "started_at": database_time()}],
    ids=["made", "cancelled while it was made"],
)
@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "check then insert"])
def test_two_at_the_same_moment_do_not_both_take_the_last(
    app: Flask,
    settings: dict[str, Any],
    ann: User,
    monkeypatch: pytest.MonkeyPatch,
    is_guarded: bool,
    ended: dict[str, Any],
) -> None:
    """Another request is made, and over, between our look and our INSERT, unless it has to wait."""
    app.config["ARCHIVES_PER_DAY"] = 1
    if not is_guarded:
        monkeypatch.setattr(asking, "_hold_person", hold_nobody)
    others: list[Thread] = []

    def look_and_let_another_in(user_id: str) -> None:
        check_allowance(user_id)
        if not others:
            others.append(Thread(target=ask_elsewhere, args=(app, user_id, ended)))
            others[0].start()
            wait_until(
                lambda: not others[0].is_alive() or count_waiting(settings["DATABASE_URL"]), what="the other one"
            )

    monkeypatch.setattr(asking, "check_allowance", look_and_let_another_in)
    service.request_archive(ann.id)
    others[0].join()
    assert len(service.list_archives(ann.id)) == (1 if is_guarded else 2)


def ask_elsewhere(app: Flask, user_id: str, ended: dict[str, Any]) -> None:
    with app.app_context():
        archive_id, is_new = service.request_archive(user_id)
        if is_new:
            change(archive_id, **ended)


def count_waiting(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchall()[0][0])
