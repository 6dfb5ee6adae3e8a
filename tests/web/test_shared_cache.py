"""A cache that two people share, between them and the site, never shows one what was made for the other."""

import random
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.models import Entry, User
from tests.web.conftest import SignIn

ASKED = 500
CANARIES = {"Ann": "The canary of Ann", "Bob": "The canary of Bob"}


class ToyCache:
    """Keeps what a shared cache may keep (RFC 9111), as greedily as it may; `careless` looks at no header."""

    def __init__(self, *, careless: bool = False) -> None:
        self.hits = 0
        self._careless = careless
        self._kept: dict[tuple[str, ...], str] = {}
        self._varies: dict[str, tuple[str, ...]] = {}

    def ask(self, browser: FlaskClient, path: str) -> str:
        key = self._key(browser, path)
        if key in self._kept:
            self.hits += 1
            return self._kept[key]
        answer = browser.get(path, buffered=True)
        if self._careless or self._may_keep(answer):
            self._varies[path] = () if self._careless else tuple(answer.vary)
            self._kept[self._key(browser, path)] = answer.text
        return answer.text

    def _may_keep(self, answer: TestResponse) -> bool:
        said = answer.cache_control
        return not (said.no_store or said.private or said.no_cache or answer.status_code >= 300)

    def _key(self, browser: FlaskClient, path: str) -> tuple[str, ...]:
        session = browser.get_cookie("session")
        sent = {"cookie": session.value if session else ""}
        return (path, *(sent.get(name.lower(), "") for name in self._varies.get(path, ())))


@pytest.fixture
def people(sign_in: SignIn, ann: User, bob: User, write: Callable[..., Entry]) -> dict[str, FlaskClient]:
    for person in (ann, bob):
        write(person, CANARIES[person.name])
    return {person.name: sign_in(person) for person in (ann, bob)}


def cross_serve(cache: ToyCache, people: dict[str, FlaskClient]) -> int:
    """How often somebody was shown what only the other may see."""
    chance = random.Random(7)
    paths = ["/journal", "/settings", "/", "/archives/", "/static/app.css", "/.well-known/satchel.pub", "/nothing"]
    found = 0
    for _ in range(ASKED):
        name, other = chance.sample(sorted(people), 2)
        text = cache.ask(people[name], chance.choice(paths))
        found += CANARIES[other] in text or f">{other}<" in text
    return found


def test_nothing_is_cross_served(people: dict[str, FlaskClient]) -> None:
    cache = ToyCache()
    assert cross_serve(cache, people) == 0
    assert cache.hits > ASKED / 20  # it does keep what is the same for all


def test_a_cache_without_our_headers_would(people: dict[str, FlaskClient]) -> None:
    """The control."""
    assert cross_serve(ToyCache(careless=True), people) > ASKED / 20
