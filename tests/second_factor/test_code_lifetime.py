"""A code counts for its half minute (OWASP ASVS 5.0, 6.5.5), and whoever comes too late or too early is told so."""

from typing import Any

import pytest
from flask import Flask

from app.accounts import credentials
from app.accounts.second_factor import checking, setting_up, totp
from app.accounts.second_factor.checking import OtherTimeError, WrongCodeError
from app.models import User
from app.web.proofs import tell_wrong_code
from tests.second_factor.factor import Factor, forget_step

BEGIN = 1_800_000_000
"""A step begins."""


class Clock:
    at = float(BEGIN)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (checking, setting_up):
        monkeypatch.setattr(module, "read_clock", lambda: clock.at)
    return clock


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    """As a site has it that says nothing; other tests may be slower than half a minute."""
    return {**any_database, "SECOND_FACTOR_LEEWAY": False}


@pytest.fixture
def factor(app: Flask, ann: User, clock: Clock) -> Factor:
    factor = Factor(setting_up.begin(ann.id) or b"", [])
    codes = credentials.switch_on_factor(ann.id, factor.code_at(clock.at))
    forget_step(ann)
    return factor._replace(recovery_codes=codes)


def is_accepted(person: User, code: str) -> bool:
    forget_step(person)
    try:
        checking.accept(person.id, code)
    except WrongCodeError:
        return False
    return True


def seconds_accepted(person: User, clock: Clock, code: str) -> list[int]:
    found = []
    for second in range(-60, 90, 5):
        clock.at = BEGIN + second
        if is_accepted(person, code):
            found.append(second)
    return found


def test_each_code_counts_for_thirty_seconds(
    ann: User, factor: Factor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "GUESSES", 1_000_000)
    assert seconds_accepted(ann, clock, factor.code_at(BEGIN)) == list(range(0, 30, 5))


def test_with_leeway_for_ninety(
    app: Flask, ann: User, factor: Factor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control, and what a site may choose whose people have clocks that differ."""
    monkeypatch.setattr(checking, "GUESSES", 1_000_000)
    app.config["SECOND_FACTOR_LEEWAY"] = True
    assert seconds_accepted(ann, clock, factor.code_at(BEGIN)) == list(range(-30, 60, 5))


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (1, "This code has just ended. Enter the one that the app shows now."),
        (2, "about 1 minute slow. Have it set its time by itself"),
        (10, "about 5 minutes slow. Have it set its time by itself"),
    ],
)
def test_it_is_said_that_a_code_is_over(ann: User, factor: Factor, clock: Clock, steps: int, words: str) -> None:
    clock.at += steps * 30
    with pytest.raises(OtherTimeError) as caught:
        checking.accept(ann.id, factor.code_at(BEGIN))
    assert words in (tell_wrong_code(caught.value) or "")


def test_nobody_is_told_that_a_code_will_be_right(ann: User, factor: Factor, clock: Clock) -> None:
    """Whoever guesses would only have to wait."""
    with pytest.raises(WrongCodeError) as caught:
        checking.accept(ann.id, factor.code_at(clock.at, later=1))
    assert type(caught.value) is WrongCodeError
    assert tell_wrong_code(caught.value) is None


@pytest.mark.parametrize(("later", "words"), [(-1, "just ended"), (-4, "2 minutes slow"), (3, "2 minutes fast")])
def test_who_sets_it_up_is_told_both(ann: User, clock: Clock, later: int, words: str) -> None:
    """The secret is on the same page."""
    factor = Factor(setting_up.begin(ann.id) or b"", [])
    with pytest.raises(OtherTimeError) as caught:
        credentials.switch_on_factor(ann.id, factor.code_at(clock.at, later))
    assert words in (tell_wrong_code(caught.value) or "")
    assert not checking.is_on(ann.id)


class TestSha1:
    """Of an app that passes over what the QR code names."""

    @pytest.fixture
    def old_app(self, app: Flask, ann: User) -> Factor:  # noqa: ARG002  # its context
        return Factor(setting_up.begin(ann.id) or b"", [], totp.LEGACY)

    def test_it_is_refused_and_said_why(self, ann: User, clock: Clock, old_app: Factor) -> None:
        with pytest.raises(setting_up.LegacyHashError) as caught:
            credentials.switch_on_factor(ann.id, old_app.code_at(clock.at))
        assert "SHA-1" in (tell_wrong_code(caught.value) or "")
        assert not checking.is_on(ann.id)

    def test_a_site_may_take_it(self, app: Flask, ann: User, clock: Clock, old_app: Factor) -> None:
        """And takes it for as long as it is on, also when the setting goes."""
        app.config["SECOND_FACTOR_SHA1"] = True
        credentials.switch_on_factor(ann.id, old_app.code_at(clock.at))
        app.config["SECOND_FACTOR_SHA1"] = False
        assert is_accepted(ann, old_app.code_at(clock.at))
        assert not is_accepted(ann, old_app._replace(hash_name=totp.OFFERED).code_at(clock.at))

    def test_of_one_that_knows_sha256_no_code_by_sha1_is_taken(self, ann: User, factor: Factor, clock: Clock) -> None:
        assert is_accepted(ann, factor.code_at(clock.at))
        assert not is_accepted(ann, factor._replace(hash_name=totp.LEGACY).code_at(clock.at))
