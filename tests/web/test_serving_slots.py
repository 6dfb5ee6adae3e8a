"""A person is sent three files of archives at once, wherever they ask, and a server that dies gives its slots back."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from app.models import User
from app.web import serving_slots
from app.web.serving_slots import NoSlotError, Slot, take_slot
from tests.programs import Program, wait_until
from tests.web.conftest import SignIn
from tests.web.test_serving import Stored, archive, picture  # noqa: F401  # fixtures

pytestmark = [pytest.mark.worker, pytest.mark.usefixtures("forgetful_limiter")]
MOST = 3


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey, "RATELIMIT_ENABLED": True}


@pytest.fixture
def ctx(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def take(user_id: str = "ann") -> Slot:
    return take_slot(user_id, "archives", MOST)


def test_the_fourth_is_told_when(app: Flask, sign_in: SignIn, ann: User, archive: Stored) -> None:  # noqa: F811
    browsers = [sign_in(ann) for _ in range(MOST + 1)]
    running = [browser.get(archive.path) for browser in browsers[:MOST]]
    assert [answer.status_code for answer in running] == [200] * MOST
    refused = browsers[MOST].get(archive.path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "90")
    assert re.search("as soon as one of them is\\s+complete", refused.text)
    assert browsers[MOST].get("/journal").status_code == 200
    running[0].close()
    with browsers[MOST].get(archive.path) as served:
        assert served.status_code == 200
    for answer in running:
        answer.close()


@pytest.mark.usefixtures("ctx")
def test_slots_are_a_persons_own_and_come_back() -> None:
    taken = [take() for _ in range(MOST)]
    with pytest.raises(NoSlotError):
        take()
    take("bob").give_back()
    taken[0].give_back()
    taken[0].give_back()  # more often than taken changes nothing
    take()
    with pytest.raises(NoSlotError):
        take()


def test_every_process_sees_the_same_count(app: Flask, settings: dict[str, Any]) -> None:
    with app.app_context():
        for _ in range(MOST):
            take()
    with create_app(settings).app_context(), pytest.raises(NoSlotError):
        take()


@pytest.mark.usefixtures("ctx")
def test_what_a_dead_server_held_comes_back(monkeypatch: pytest.MonkeyPatch, valkey: str) -> None:
    monkeypatch.setattr(serving_slots, "LEASE_SECONDS", 2)
    monkeypatch.setattr(serving_slots, "_RENEW_SECONDS", 0)
    dead, alive = take("carl"), take()
    for _ in range(MOST - 1):
        take()  # and nobody gives them back, or keeps them

    def is_free() -> bool:
        alive.keep()
        return not Redis.from_url(valkey).exists("satchel:serving:archives:carl")

    wait_until(is_free, what="the end of the leases")
    with pytest.raises(NoSlotError):
        [take() for _ in range(MOST)]  # one is alive
    dead.give_back()


@pytest.mark.usefixtures("ctx")
def test_without_redis_each_process_counts(valkey_server: tuple[Program, str]) -> None:
    begun = take("dora")
    valkey_server[0].kill()
    begun.keep()
    begun.give_back()
    taken = [take("dora") for _ in range(MOST)]
    with pytest.raises(NoSlotError):
        take("dora")
    for slot in taken:
        slot.give_back()
        slot.give_back()
    take("dora").give_back()


def test_without_limits_there_is_none(app: Flask) -> None:
    """The control."""
    app.config["RATELIMIT_ENABLED"] = False
    with app.app_context():
        assert len([take() for _ in range(10)]) == 10
