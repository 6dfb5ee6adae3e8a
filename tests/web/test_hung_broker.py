"""A broker that hangs: nobody is kept from signing in, and a click is answered."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.extensions import limiter
from app.models import User
from tests.conftest import PASSWORD
from tests.programs import Program

pytestmark = pytest.mark.worker

HANGS = 8.0
"""Seconds; longer than a page may take."""
LIMITED = {"WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": True}


@pytest.fixture
def hung_broker(valkey_server: tuple[Program, str]) -> Iterator[str]:
    program, url = valkey_server
    program.send(signal.SIGSTOP)
    timer = threading.Timer(HANGS, lambda: program.send(signal.SIGCONT))
    timer.start()
    yield url
    timer.cancel()
    program.send(signal.SIGCONT)


@pytest.fixture
def make_client(
    app: Flask, settings: dict[str, Any], hung_broker: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., FlaskClient]:
    monkeypatch.setattr(limiter, "_storage_dead", False)  # it remembers what applications of other tests taught it
    monkeypatch.setattr(limiter, "_storage_options", {})
    monkeypatch.setattr(limiter, "_swallow_errors", None)

    def make(**more: Any) -> FlaskClient:
        return create_app({**settings, "REDIS_URL": hung_broker, **LIMITED, **more}).test_client()

    return make


def sign_in(client: FlaskClient, user: User) -> tuple[int, float]:
    """The status, and seconds until it is answered."""
    began = time.monotonic()
    answer = client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    return answer.status_code, time.monotonic() - began


def test_signing_in_does_not_wait_for_it(ann: User, make_client: Callable[..., FlaskClient]) -> None:
    status, seconds = sign_in(make_client(), ann)
    assert (status, seconds < 6) == (302, True)


def test_without_bounds_it_would(ann: User, make_client: Callable[..., FlaskClient]) -> None:
    """The control."""
    status, seconds = sign_in(make_client(RATELIMIT_STORAGE_OPTIONS={}), ann)
    assert (status, seconds > 6) == (302, True)


def sign_in_at_once(client: FlaskClient, user: User) -> list[int]:
    """Two people; both wait for the broker before either has found out that it hangs.

    The second a moment later: whoever finds it out in the very same moment is the first, too, and is let in.
    """
    with ThreadPoolExecutor() as threads:
        first = threads.submit(sign_in, client, user)
        time.sleep(0.5)
        second = threads.submit(sign_in, client.application.test_client(), user)
        return sorted(each.result()[0] for each in (first, second))


def test_two_at_once_are_both_let_in(ann: User, make_client: Callable[..., FlaskClient]) -> None:
    assert sign_in_at_once(make_client(), ann) == [302, 302]


def test_the_limiter_alone_would_let_in_one_of_them(ann: User, make_client: Callable[..., FlaskClient]) -> None:
    """The control."""
    assert sign_in_at_once(make_client(RATELIMIT_SWALLOW_ERRORS=False), ann) == [302, 500]
