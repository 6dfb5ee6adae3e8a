"""Guessing passwords: it is counted, it tells nothing, and it locks nobody out."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher, low_level
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app import create_app
from app.accounts import people, sign_ins
from app.accounts.people import check_password, create_user
from app.extensions import db, find_network, limiter
from app.models import SignIn, User
from app.models.columns import database_time
from app.web import guessing
from tests.conftest import PASSWORD
from tests.web import conftest
from tests.web.test_forgotten import statements

LIMITED = {"RATELIMIT_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"}
HOME, ELSEWHERE = "198.51.100.7", "198.51.100.8"


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return {**sqlite_settings, **LIMITED}


@pytest.fixture
def attempt(app: Flask) -> Callable[..., int]:
    """The status that somebody at this address gets for a password."""

    def attempt(address: str, password: str | None = None, email: str = "ann@example.org", **headers: str) -> int:
        data = {"email": email, "password": password or "a guess"}
        browser = app.test_client()
        return browser.post("/sign-in", data=data, headers=headers, environ_base={"REMOTE_ADDR": address}).status_code

    return attempt


Attempt = Callable[..., int]


def guess_from_everywhere(attempt: Attempt, **more: str) -> None:
    """As often as an account may be tried in all."""
    for number in range(100):
        assert attempt(f"203.0.113.{number // 10}", **more) == 422


@pytest.mark.usefixtures("ann")
def test_an_attacker_locks_out_only_themselves(attempt: Attempt) -> None:
    assert [attempt("203.0.113.1") for _ in range(11)] == [422] * 10 + [429]
    assert attempt("203.0.113.1", PASSWORD) == 429
    assert attempt(HOME, PASSWORD) == 302


@pytest.mark.usefixtures("ann")
def test_many_attackers_do_not_lock_out_who_has_been_here(attempt: Attempt) -> None:
    assert attempt(HOME, PASSWORD) == 302
    guess_from_everywhere(attempt)
    assert attempt("192.0.2.1", PASSWORD) == 429  # nobody knows this network, and the next guess may be right
    assert attempt(HOME, PASSWORD) == 302
    assert attempt(HOME, email="bob@example.org") == 422


@pytest.mark.usefixtures("ann")
def test_a_limit_of_the_account_alone_would(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(sign_ins, "past_addresses", lambda _: [])
    assert attempt(HOME, PASSWORD) == 302
    guess_from_everywhere(attempt)
    assert attempt(HOME, PASSWORD) == 429


class Work:
    """What a refused sign-in has the site do, besides what Redis is asked."""

    def __init__(self, app: Flask, attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
        self._app, self._attempt = app, attempt
        self._networks: list[str] = []
        monkeypatch.setattr(guessing, "find_network", self._find_network)

    def _find_network(self, address: str) -> str:
        self._networks.append(address)
        return find_network(address)

    def count(self, email: str) -> tuple[list[str], int]:
        """Its statements up to the values, and how many addresses' network is looked for."""
        self._networks.clear()
        sent = statements(self._app, lambda: self._attempt(HOME, email=email))
        return [each.partition("(")[0] for each in sent], len(self._networks)


def sign_in_often(app: Flask, person: User, addresses: Sequence[str]) -> None:
    row = {"user_id": person.id, "user_agent": "A browser"}
    with app.app_context():
        db.session.execute(sa.insert(SignIn), [{**row, "ip_address": each} for each in addresses])
        db.session.commit()


def test_a_much_used_account_is_refused_by_the_same_work(
    app: Flask, attempt: Attempt, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the time tells nothing. The control: each sign-in of the past is looked at, as it was once."""
    sign_in_often(app, ann, [f"203.0.113.{number}" for number in range(200)])
    work = Work(app, attempt, monkeypatch)
    work.count("somebody@example.org")  # the first of a process has more to do
    known, unknown = work.count("ann@example.org"), work.count("nobody@example.org")
    assert known[0] == unknown[0] != []
    assert known[1] == unknown[1] == sign_ins.MOST_ADDRESSES
    monkeypatch.setattr(sign_ins, "past_addresses", partial(all_past_addresses, sign_ins.MOST_ADDRESSES * 10))
    assert work.count("ann@example.org")[1] == 200 != work.count("nobody@example.org")[1]


def all_past_addresses(most: int, email: str) -> Sequence[str]:
    mine = sa.select(SignIn.ip_address).join(User, User.id == SignIn.user_id).where(User.email == email)
    return db.session.scalars(mine.order_by(SignIn.at.desc()).limit(most)).all()


def test_an_address_counts_once_however_often_it_was_used(app: Flask, ann: User) -> None:
    """The control: as many other addresses as are looked at, and the oldest is forgotten."""
    others = [f"192.0.2.{number}" for number in range(sign_ins.MOST_ADDRESSES)]
    sign_in_often(app, ann, [HOME])
    with app.app_context():
        db.session.execute(sa.update(SignIn).values(at=database_time(-3600)))
        db.session.commit()
    sign_in_often(app, ann, others[1:] * 10)
    with app.app_context():
        assert HOME in sign_ins.past_addresses("ann@example.org")
    sign_in_often(app, ann, others)
    with app.app_context():
        assert HOME not in sign_ins.past_addresses("ann@example.org")


def test_accounts_that_do_not_exist_are_limited_alike(attempt: Attempt) -> None:
    guess_from_everywhere(attempt, email="nobody@example.org")
    assert attempt(ELSEWHERE, email="nobody@example.org") == 429
    assert attempt(ELSEWHERE, email=" Nobody@Example.org") == 429
    assert attempt(ELSEWHERE, email="nobody\x01@example.org\x02") == 429  # the form drops signs that nobody sees
    assert attempt(ELSEWHERE, email="somebody@example.org") == 422


def test_a_refusal_says_when(app: Flask, attempt: Attempt, client: FlaskClient) -> None:
    for number in range(10):
        attempt(HOME, email=f"{number}@example.org")
    answer = client.post("/sign-in", data={}, environ_base={"REMOTE_ADDR": HOME})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "in a minute at the latest" in answer.text
    assert client.get("/sign-in", environ_base={"REMOTE_ADDR": HOME}).status_code == 200


def test_a_stolen_cookie_guesses_ten_times(sign_in: conftest.SignIn, ann: User) -> None:
    browser = sign_in(ann)
    for number in range(10):
        wrong = browser.post("/confirm", data={"password": "x"}, environ_base={"REMOTE_ADDR": f"203.0.113.{number}"})
        assert wrong.status_code == 422
    assert browser.post("/confirm", data={"password": PASSWORD}).status_code == 429
    assert browser.post("/settings/password", data={"current": PASSWORD}).status_code == 429
    assert sign_in(ann).post("/confirm", data={"password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::"),
        ("", "unknown"),
        ("a socket", "a socket"),
    ],
)
def test_networks(address: str, network: str) -> None:
    assert find_network(address) == network


def test_all_addresses_of_a_customer_are_one(attempt: Attempt) -> None:
    assert [attempt(f"2001:db8:1:2::{number}") for number in range(11)] == [422] * 10 + [429]
    assert attempt("2001:db8:1:3::1") == 422


@pytest.mark.worker
@pytest.mark.parametrize(("is_shared", "last"), [(True, 429), (False, 422)], ids=["in Redis", "control: in memory"])
def test_every_process_counts_for_the_others(
    sqlite_settings: dict[str, Any], valkey: str, monkeypatch: pytest.MonkeyPatch, is_shared: bool, last: int
) -> None:
    monkeypatch.setattr(limiter, "_storage_dead", False)  # its one object remembers what other tests taught it
    monkeypatch.setattr(limiter, "_storage_options", {})
    where = {} if is_shared else {"RATELIMIT_STORAGE_URI": "memory://"}
    given = {"RATELIMIT_ENABLED": True, "WTF_CSRF_ENABLED": False, **sqlite_settings, "REDIS_URL": valkey, **where}
    form = {"email": "ann@example.org", "password": "a guess"}
    one = create_app(given).test_client()
    assert [one.post("/sign-in", data=form).status_code for _ in range(10)] == [422] * 10
    other = create_app(given).test_client()
    assert other.post("/sign-in", data=form).status_code == last


class TestBehindProxies:
    """Who forges X-Forwarded-For is counted as who they are."""

    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
        return {**sqlite_settings, **LIMITED, "TRUSTED_PROXIES": request.param}

    @pytest.mark.parametrize(
        ("settings", "added", "last"),
        [(0, "", 429), (1, ", 198.51.100.7", 429), (2, ", 198.51.100.7", 422)],
        indirect=["settings"],
        ids=["no proxy", "one proxy", "control: one proxy, and two are trusted"],
    )
    def test_forged(self, attempt: Attempt, added: str, last: int) -> None:
        """`added`: what our own proxy writes behind what it was sent."""
        for number in range(10):
            assert attempt(HOME, X_Forwarded_For=f"203.0.113.{number}{added}") == 422
        assert attempt(HOME, X_Forwarded_For=f"203.0.113.99{added}") == last


class TestHashing:
    """What signing in costs the site is the same for everybody, and bounded."""

    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return sqlite_settings

    @pytest.fixture(autouse=True)
    def context(self, app: Flask, make_person: Callable[..., User]) -> Iterator[None]:
        make_person("Ann")
        with app.app_context():
            create_user("locked@example.org", None)
            people._dummy_hash()  # once in the life of a process
            yield

    @pytest.fixture
    def count(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], int]:
        """How often argon2 runs for this sign-in."""
        runs: list[bytes] = []
        verify = low_level.verify_secret

        def counted(hashed: bytes, *args: Any) -> bool:
            runs.append(hashed)
            return verify(hashed, *args)

        monkeypatch.setattr("argon2._password_hasher.verify_secret", counted)

        def count(email: str, password: str) -> int:
            runs.clear()
            check_password(email, password)
            assert len({hashed.rpartition(b"$")[0].rpartition(b"$")[0] for hashed in runs}) <= 1
            return len(runs)

        return count

    def test_known_and_unknown_cost_the_same(self, count: Callable[[str, str], int]) -> None:
        attempts = [
            ("ann@example.org", PASSWORD),
            ("ann@example.org", "wrong"),
            ("nobody@example.org", PASSWORD),
            ("locked@example.org", PASSWORD),
        ]
        assert [count(*each) for each in attempts] == [1] * 4

    def test_they_would_not(self, count: Callable[[str, str], int], monkeypatch: pytest.MonkeyPatch) -> None:
        """The control."""
        monkeypatch.setattr(people, "_dummy_hash", lambda: "no hash")
        assert (count("ann@example.org", "wrong"), count("nobody@example.org", "wrong")) == (1, 0)

    def rush(self, app: Flask, monkeypatch: pytest.MonkeyPatch, patience: float) -> int:
        """The most that were at it in one moment, of twelve; each waits for a fifth, but not for long."""
        crowd = threading.Condition()
        inside, most = 0, 0

        class Patient(PasswordHasher):
            def verify(self, *args: Any) -> Any:
                nonlocal inside, most
                with crowd:
                    inside += 1
                    most = max(most, inside)
                    crowd.notify_all()
                    crowd.wait_for(lambda: most > 4, timeout=patience)
                try:
                    return super().verify(*args)
                finally:
                    with crowd:
                        inside -= 1

        def enter(_: int) -> None:
            with app.app_context():
                check_password("ann@example.org", PASSWORD)

        monkeypatch.setattr(people, "password_hasher", Patient())
        with ThreadPoolExecutor(12) as threads:
            list(threads.map(enter, range(12)))
        return most

    def test_four_at_once(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.rush(app, monkeypatch, 0.2) == 4

    def test_unbounded_all_of_them(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        """The control."""
        monkeypatch.setattr(people, "hashing", threading.BoundedSemaphore(100))
        began = time.monotonic()
        assert self.rush(app, monkeypatch, 60) > 4
        assert time.monotonic() - began < 60


@pytest.fixture
def away(app: Flask) -> Iterator[None]:
    """The database does not answer."""

    def refuse(*_: object) -> None:
        raise OperationalError("SELECT", None, Exception("it is away"))

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", refuse)
    yield
    sa.event.remove(engine, "before_cursor_execute", refuse)
    limiter._storage_dead = False


@pytest.mark.usefixtures("away")
def test_a_dead_database_is_no_dead_redis(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or this process alone would count from then on. The control: an error that reaches the limiter."""
    attempt(HOME)
    assert not limiter._storage_dead
    monkeypatch.setattr(guessing, "SQLAlchemyError", ZeroDivisionError)
    attempt(HOME)
    assert limiter._storage_dead
