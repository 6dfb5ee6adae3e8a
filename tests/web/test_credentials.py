"""Whoever has checked a password that is another one by now gets nothing; and what ends sign-ins is one deed."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import credentials, people, resets, sign_ins
from app.extensions import db
from app.models import SecondFactor, SignIn, User
from tests.conftest import PASSWORD
from tests.killed_deeds import DEEDS
from tests.programs import PYTHON, Program, wait_until
from tests.second_factor.factor import Factor, switch_on
from tests.web.conftest import SignIn as SignInFixture
from tests.web.factor_pages import OFF

RESET, OTHER, SHORT = "the password of the reset", "the password of the thief", "vg7kqx2m"


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


class HeldHasher(PasswordHasher):
    """A real one, which lets something happen when the first password was right and nothing was written yet."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self._meanwhile: list[Callable[[], object]] = [meanwhile]

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  # its name in the library
        is_right = super().verify(hash, password)
        if self._meanwhile:
            self._meanwhile.pop()()
        return is_right


def reset(person: User) -> None:
    assert resets.use(resets.issue(person.id), RESET)


def lock(person: User) -> None:
    assert credentials.change_password(person, None)


@pytest.fixture
def hold(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[User], object]], None]:
    """From now on this happens between the check of a password and what follows it."""

    def hold(deed: Callable[[User], object]) -> None:
        def happen() -> None:
            with app.app_context():
                deed(db.session.get_one(User, ann.id))

        monkeypatch.setattr(people, "password_hasher", HeldHasher(happen))

    return hold


Hold = Callable[[Callable[[User], object]], None]


def is_in(client: FlaskClient) -> bool:
    return client.get("/journal").status_code == 200


def is_password(app: Flask, password: str) -> bool:
    with app.app_context():
        return people.check_password("ann@example.org", password) is not None


def change(client: FlaskClient) -> int:
    return client.post("/settings/password", data={"current": PASSWORD, "password": OTHER}).status_code


def enter(client: FlaskClient) -> int:
    return client.post("/sign-in", data={"email": "ann@example.org", "password": PASSWORD}).status_code


@pytest.mark.parametrize("deed", [reset, lock])
class TestOvertaken:
    def test_signing_in(self, app: Flask, client: FlaskClient, hold: Hold, deed: Callable[[User], None]) -> None:
        hold(deed)
        assert (enter(client), is_in(client)) == (422, False)
        with app.app_context():
            assert db.session.scalars(sa.select(SignIn)).all() == []

    def test_changing_the_password(
        self, app: Flask, sign_in: SignInFixture, ann: User, hold: Hold, deed: Callable[[User], None]
    ) -> None:
        client = sign_in(ann)
        hold(deed)
        assert (change(client), is_in(client)) == (422, False)
        assert (is_password(app, OTHER), is_password(app, RESET)) == (False, deed is reset)

    def test_confirming(self, sign_in: SignInFixture, ann: User, hold: Hold, deed: Callable[[User], None]) -> None:
        """And what would be done at once is not done."""
        client = sign_in(ann)
        hold(deed)
        asked = client.post("/confirm?deed=archives.create", data={"password": PASSWORD})
        assert (asked.location, is_in(client)) == ("/sign-in", False)

    def test_switching_off(
        self, app: Flask, sign_in: SignInFixture, ann: User, hold: Hold, deed: Callable[[User], None]
    ) -> None:
        with app.app_context():
            factor = switch_on(ann)
        client = sign_in(ann)
        hold(deed)
        assert client.post(OFF, data={"current": PASSWORD, "code": factor.code()}).status_code == 422
        assert has_factor(app)


def has_factor(app: Flask) -> bool:
    with app.app_context():
        return db.session.scalar(sa.select(SecondFactor.switched_on_at)) is not None


class TestAShortPassword:
    def shorten(self, app: Flask, sign_in: SignInFixture, ann: User, hold: Hold) -> TestResponse:
        """A password of eight characters, while the second factor is switched off in another window."""
        with app.app_context():
            switch_on(ann)
        client = sign_in(ann)
        with app.app_context():
            here = db.session.scalars(sa.select(SignIn.id).order_by(SignIn.at.desc())).first()
        hold(lambda person: credentials.switch_off_factor(person, but=here))
        return client.post("/settings/password", data={"current": PASSWORD, "password": SHORT})

    def test_does_not_outlive_the_factor_that_it_was_for(
        self, app: Flask, sign_in: SignInFixture, ann: User, hold: Hold
    ) -> None:
        refused = self.shorten(app, sign_in, ann, hold)
        assert (refused.status_code, "it has 8 of at least 15 characters" in refused.text) == (422, True)
        assert (has_factor(app), is_password(app, SHORT), is_password(app, PASSWORD)) == (False, False, True)

    def test_without_asking_again_it_would(
        self, app: Flask, sign_in: SignInFixture, ann: User, hold: Hold, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control."""
        monkeypatch.setattr(credentials, "_is_long_enough", lambda *_: True)
        assert self.shorten(app, sign_in, ann, hold).status_code == 302
        assert (has_factor(app), is_password(app, SHORT)) == (False, True)


class TestWithoutTheComparison:
    """The controls."""

    @pytest.fixture(autouse=True)
    def trusting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sign_ins, "hold_password", lambda _person: True)

    def test_who_gave_the_old_password_is_signed_in(self, client: FlaskClient, hold: Hold) -> None:
        hold(reset)
        assert (enter(client), is_in(client)) == (302, True)

    def test_and_takes_the_account_back(self, app: Flask, sign_in: SignInFixture, ann: User, hold: Hold) -> None:
        client = sign_in(ann)
        hold(reset)
        change(client)
        assert (is_password(app, OTHER), is_password(app, RESET)) == (True, False)

    def test_and_switches_off(self, app: Flask, sign_in: SignInFixture, ann: User, hold: Hold) -> None:
        with app.app_context():
            factor: Factor = switch_on(ann)
        client = sign_in(ann)
        hold(reset)
        client.post(OFF, data={"current": PASSWORD, "code": factor.code()})
        assert not has_factor(app)


class TestOnPostgresql:
    @pytest.fixture
    def settings(self, postgresql_settings: dict[str, Any]) -> dict[str, Any]:
        return postgresql_settings

    def begin_while_it_changes(self, app: Flask, ann: User) -> str | None:
        """Somebody has begun to change the password, and commits when the sign-in waits for that, or is done."""
        over = threading.Event()

        def begin() -> str | None:
            with app.app_context():
                try:
                    return sign_ins.begin(ann, "192.0.2.1", "A browser")
                finally:
                    over.set()

        waits = sa.text(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        with app.app_context(), ThreadPoolExecutor(1) as apart, db.engine.connect() as changing:
            changing.execute(sa.update(User).values(password_hash="another"))
            token = apart.submit(begin)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
                wait_until(lambda: over.is_set() or looking.execute(waits).first(), what="one of the two")
            changing.commit()
            return token.result(60)

    def test_a_change_that_is_under_way_is_waited_for(self, app: Flask, ann: User) -> None:
        assert self.begin_while_it_changes(app, ann) is None

    def test_who_only_reads_is_signed_in_by_the_old_one(
        self, app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control."""

        def look(person: User) -> bool:
            return db.session.scalar(sa.select(User.password_hash)) == person.password_hash

        monkeypatch.setattr(sign_ins, "hold_password", look)
        assert self.begin_while_it_changes(app, ann)


def test_killed_anywhere_a_deed_has_ended_the_sign_ins_or_changed_nothing(
    sqlite_settings: dict[str, Any], tmp_path: Path
) -> None:
    """The control does the same in two transactions: in between, sign-ins of before live on.

    On PostgreSQL, where it is one transaction as well, it would take half a minute.
    """
    program = Program([*PYTHON, "tests.killed_deeds"], tmp_path / "log", settings=sqlite_settings)
    assert program.wait(seconds=120) == 0, program.log()
    seen: dict[str, list[tuple[bool, int]]] = defaultdict(list)
    for line in program.log().splitlines():
        if line.startswith("["):
            name, _number, is_done, still_open = json.loads(line)
            seen[name].append((is_done, still_open))
    assert seen.keys() == DEEDS.keys()
    for name, outcomes in seen.items():
        left = 1 if name in {"settings", "switch off"} else 0
        assert len(outcomes) > 3, name
        assert (outcomes[0], outcomes[-1]) == ((False, 2), (True, left)), name
        if name == "apart":
            assert (True, 2) in outcomes
        else:
            assert set(outcomes) == {(False, 2), (True, left)}, name
