"""Each code is accepted once, guesses are bounded, and its owner always has a way in."""

import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import ColumnElement, event, select, true, update

from app import create_app
from app.accounts import credentials
from app.accounts.second_factor import checking, recovery_codes, sealing, setting_up
from app.accounts.second_factor.checking import WaitError, WrongCodeError
from app.config import SettingError
from app.extensions import db
from app.models import RecoveryCode, SecondFactor, User
from app.models.columns import database_time
from tests.second_factor.factor import Factor, change, forget_step, switch_on


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


@pytest.fixture
def factor(app: Flask, ann: User) -> Factor:
    return switch_on(ann)


def outcome(user_id: str, code: str) -> str:
    try:
        checking.accept(user_id, code)
    except (WrongCodeError, WaitError) as error:
        return type(error).__name__
    return "accepted"


def all_at_once(app: Flask, user_id: str, codes: list[str]) -> Counter[str]:
    start = threading.Barrier(len(codes))

    def give(code: str) -> str:
        with app.app_context():
            start.wait(60)
            return outcome(user_id, code)

    with ThreadPoolExecutor(len(codes)) as threads:
        return Counter(threads.map(give, codes))


def test_each_step_is_accepted_once(ann: User, factor: Factor) -> None:
    code = factor.code()
    assert [outcome(ann.id, f" {code[:3]} {code[3:]}"), outcome(ann.id, code)] == ["accepted", "WrongCodeError"]
    assert outcome(ann.id, factor.code(-1)) == "WrongCodeError"  # seen over a shoulder before


def test_a_code_that_comes_twice_at_once_is_accepted_once(app: Flask, ann: User, factor: Factor) -> None:
    assert all_at_once(app, ann.id, [factor.code()] * 2) == {"accepted": 1, "WrongCodeError": 1}


def test_without_the_guard_it_is_accepted_twice(
    app: Flask, ann: User, factor: Factor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(checking, "_is_later", lambda _step: true())
    assert all_at_once(app, ann.id, [factor.code()] * 2) == {"accepted": 2}


def test_a_recovery_code_works_once(app: Flask, ann: User, bob: User, factor: Factor) -> None:
    switch_on(bob)
    code, other = factor.recovery_codes[:2]
    assert outcome(bob.id, code) == "WrongCodeError"
    assert all_at_once(app, ann.id, [code] * 2) == {"accepted": 1, "WrongCodeError": 1}
    assert outcome(ann.id, f" {other.upper().replace('-', ' ')} ") == "accepted"
    assert recovery_codes.count_left(ann.id) == 8


def test_without_its_guard_it_works_twice(
    app: Flask, ann: User, factor: Factor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    def spend(user_id: str, _typed: str) -> bool:
        used = update(RecoveryCode).where(RecoveryCode.user_id == user_id).values(used_at=database_time())
        return bool(db.session.execute(used).rowcount)  # type: ignore[attr-defined]  # of an UPDATE

    monkeypatch.setattr(recovery_codes, "spend", spend)
    assert all_at_once(app, ann.id, factor.recovery_codes[:1] * 2) == {"accepted": 2}


def test_new_recovery_codes_take_the_place_of_the_old(ann: User, factor: Factor) -> None:
    [old, *_] = factor.recovery_codes
    [new, *others] = setting_up.renew_recovery_codes(ann.id)
    assert (outcome(ann.id, old), outcome(ann.id, new)) == ("WrongCodeError", "accepted")
    assert len(others) == recovery_codes.count_left(ann.id) == 9


def test_recovery_codes_cannot_be_guessed_nor_read_from_the_database(ann: User, factor: Factor) -> None:
    assert len(recovery_codes.ALPHABET) ** recovery_codes.LENGTH > 2**112
    assert len(set(factor.recovery_codes)) == 10
    assert all(re.fullmatch(r"([a-z2-9]{5}-){4}[a-z2-9]{5}", code) for code in factor.recovery_codes)
    stored = set(db.session.scalars(select(RecoveryCode.code_sha256)))
    assert not stored & {form for code in factor.recovery_codes for form in (code, code.replace("-", ""))}


def test_five_guesses_then_a_pause(ann: User, factor: Factor) -> None:
    assert [outcome(ann.id, factor.wrong()) for _ in range(6)] == ["WrongCodeError"] * 5 + ["WaitError"]
    assert outcome(ann.id, factor.code()) == "WaitError"
    assert minutes_to_wait(ann) == 15


def test_at_once_are_no_more(app: Flask, ann: User, factor: Factor) -> None:
    assert all_at_once(app, ann.id, [factor.wrong()] * 8) == {"WrongCodeError": 5, "WaitError": 3}


def test_without_the_pause_guesses_go_on(
    app: Flask, ann: User, factor: Factor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    def never(_nth: ColumnElement[int]) -> None:
        return None

    monkeypatch.setattr(checking, "_pause_after", never)
    assert all_at_once(app, ann.id, [factor.wrong()] * 8) == {"WrongCodeError": 8}


def test_pauses_grow_to_a_day(ann: User, factor: Factor) -> None:
    pauses = []
    for _ in range(6):
        change(ann, next_guess_at=None)
        assert [outcome(ann.id, factor.wrong()) for _ in range(5)] == ["WrongCodeError"] * 5
        pauses.append(minutes_to_wait(ann))
    assert pauses == [15, 60, 240, 1440, 1440, 1440]


def minutes_to_wait(person: User) -> int:
    found, now = db.session.execute(
        select(SecondFactor.next_guess_at, database_time()).where(SecondFactor.user_id == person.id)
    ).one()
    db.session.commit()
    assert found
    return round((found - now).total_seconds() / 60)


def test_its_owner_gets_in_all_the_same(ann: User, factor: Factor) -> None:
    """With a recovery code, while somebody else's guesses are being waited for; and then codes count again."""
    for _ in range(6):
        outcome(ann.id, factor.wrong())
    assert outcome(ann.id, factor.recovery_codes[0]) == "accepted"
    assert outcome(ann.id, factor.code()) == "accepted"
    assert [outcome(ann.id, factor.wrong()) for _ in range(5)] == ["WrongCodeError"] * 5


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "\x00", "é" * 25, "a" * 5000, "😀"])
def test_what_is_no_code_is_wrong(ann: User, factor: Factor, code: str) -> None:
    assert outcome(ann.id, code) == "WrongCodeError"


def test_an_attempt_ends_with_the_first_code_that_is_accepted(ann: User, factor: Factor) -> None:
    """A copy of a half session, and another code, which is right."""
    checking.accept(ann.id, factor.code(-1), uses=0)
    with pytest.raises(WrongCodeError):
        checking.accept(ann.id, factor.code(), uses=0)
    with pytest.raises(WrongCodeError):
        checking.accept(ann.id, factor.recovery_codes[0], uses=0)
    checking.accept(ann.id, factor.recovery_codes[0], uses=1)


def test_it_is_not_on_before_a_code_shows_that_the_app_has_it(app: Flask, ann: User) -> None:
    secret = setting_up.begin(ann.id)
    assert secret
    factor = Factor(secret, [])
    with pytest.raises(WrongCodeError):
        credentials.switch_on_factor(ann.id, factor.wrong())
    assert not checking.is_on(ann.id)
    assert setting_up.begin(ann.id) == secret
    assert outcome(ann.id, factor.code()) == "WrongCodeError"
    confirmed_at = datetime.now(UTC) + timedelta(hours=1)
    another = setting_up.begin(ann.id, confirmed_at)
    assert another not in {secret, None}
    app.config["SECRET_KEY"] = "another"
    assert setting_up.begin(ann.id) not in {secret, another, None}


class TestBegunAnewMeanwhile:
    """In another window, between reading the secret and switching it on. On SQLite that one waits."""

    @pytest.fixture
    def settings(self, postgresql_settings: dict[str, Any]) -> dict[str, Any]:
        return postgresql_settings

    @pytest.fixture
    def code(self, app: Flask, ann: User) -> str:
        """Of the secret that the app has."""
        secret = setting_up.begin(ann.id)
        assert secret
        others = [datetime.now(UTC) + timedelta(hours=1)]

        def begin_anew(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("UPDATE second_factor") and others:
                with app.app_context():
                    assert setting_up.begin(ann.id, others.pop()) not in {None, secret}

        event.listen(db.engine, "before_cursor_execute", begin_anew)
        return Factor(secret, []).code()

    def test_the_new_secret_is_not_switched_on(self, ann: User, code: str) -> None:
        with pytest.raises(WrongCodeError):
            credentials.switch_on_factor(ann.id, code)
        assert not checking.is_on(ann.id)

    def test_without_comparing_it_would_be(self, ann: User, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The control: and no code of the app is right."""
        change_pending = setting_up._change
        monkeypatch.setattr(setting_up, "_change", lambda user_id, values, *_: change_pending(user_id, values))
        credentials.switch_on_factor(ann.id, code)
        assert checking.is_on(ann.id)
        forget_step(ann)
        assert outcome(ann.id, code) == "WrongCodeError"


def test_the_code_that_switched_it_on_signs_nobody_in(ann: User) -> None:
    secret = setting_up.begin(ann.id)
    assert secret
    code = Factor(secret, []).code()
    assert len(credentials.switch_on_factor(ann.id, code)) == 10
    assert setting_up.begin(ann.id) is None
    with pytest.raises(WrongCodeError):
        credentials.switch_on_factor(ann.id, code)
    assert outcome(ann.id, code) == "WrongCodeError"


def test_switched_off_nothing_is_left(ann: User, factor: Factor) -> None:
    assert credentials.switch_off_factor(ann)
    assert not credentials.switch_off_factor(ann)
    assert outcome(ann.id, factor.recovery_codes[0]) == "WrongCodeError"
    assert db.session.scalars(select(RecoveryCode)).all() == []


def test_a_copy_of_the_database_makes_no_codes(app: Flask, ann: User, bob: User, factor: Factor) -> None:
    """The secret is not in it, and what is there opens in its own row only."""
    sealed = db.session.scalars(select(SecondFactor.sealed_secret)).one()
    assert sealing.open_sealed(sealed, ann.id) == factor.secret
    assert sealed != sealing.seal(factor.secret, ann.id)
    with pytest.raises(sealing.SealError):
        sealing.open_sealed(sealed, bob.id)
    app.config["SECRET_KEY"] = "another"
    with pytest.raises(sealing.SealError):
        sealing.open_sealed(sealed, ann.id)


class TestAnotherKey:
    """SECRET_KEY is changed, as after a leak."""

    @pytest.fixture
    def earlier(self, app: Flask, factor: Factor) -> str:  # noqa: ARG002  # it was sealed with the earlier key
        """The key before; the present one is another."""
        earlier = str(app.config["SECRET_KEY"])
        app.config["SECRET_KEY"] = "the key of tomorrow"
        return earlier

    def test_the_earlier_key_opens_until_all_is_sealed_anew(
        self, app: Flask, ann: User, factor: Factor, earlier: str
    ) -> None:
        app.config["SECRET_KEY_FALLBACKS"] = [earlier]
        assert outcome(ann.id, factor.code()) == "accepted"
        done = app.test_cli_runner().invoke(args=["users", "reseal"])
        assert (done.exit_code, done.output) == (0, "Sealed 1 with the present SECRET_KEY.\n")
        app.config["SECRET_KEY_FALLBACKS"] = None
        forget_step(ann)
        assert outcome(ann.id, factor.code()) == "accepted"

    @pytest.mark.usefixtures("earlier")
    def test_without_it_the_operator_is_told_and_recovery_codes_work(
        self, app: Flask, ann: User, factor: Factor, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert outcome(ann.id, factor.code()) == "WrongCodeError"
        assert "SECRET_KEY_FALLBACKS" in caplog.text
        done = app.test_cli_runner().invoke(args=["users", "reseal"])
        assert (done.exit_code, "1 cannot be read: name the key" in done.output) == (1, True)
        assert outcome(ann.id, factor.recovery_codes[0]) == "accepted"


def test_the_earlier_keys_are_a_list(settings: dict[str, Any]) -> None:
    """A text would be taken for keys of one character each."""
    with pytest.raises(SettingError, match="must be a list of earlier keys"):
        create_app({**settings, "SECRET_KEY_FALLBACKS": "the earlier key"})
