"""A password is taken as it is typed, of any signs, and for as long as the person likes."""

from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import credentials, people
from app.extensions import db
from app.models import Mail, User
from tests.conftest import PASSWORD

TYPED = {
    "lower case alone": "mossy lantern harbour",
    "digits alone": "8402 6175 3390 5521 77",
    "signs alone": "~!@#$%^&*()_+{}|:<>?-=",
    "spaces around": "  mossy lantern harbour  ",
    "other letters": "đèn lồng phủ rêu ở bến cảng",
    "pictures": "🏮🌊⛵🪨🌿🐚🦀🐟🌙⭐🔥🍋🧭🪝🧵",
    "64 characters": "mossy lantern harbour "[:16] * 4,
    "128 characters": "lantern harbour "[:16] * 8,
}


@pytest.mark.parametrize("kind", TYPED)
def test_any_password_is_taken_exactly(client: FlaskClient, kind: str) -> None:
    password = TYPED[kind]
    form = {"name": "Ann", "email": "ann@example.org", "password": password, "time_zone": "UTC"}
    assert client.post("/sign-up", data=form).status_code == 302, client.post("/sign-up", data=form).text
    client.post("/sign-out")
    others = {password[:-1], password + " ", f"{password}x", password.swapcase(), password.strip()} - {password}
    for other in others:
        assert client.post("/sign-in", data={"email": "ann@example.org", "password": other}).status_code == 422, other
    assert client.post("/sign-in", data={"email": "ann@example.org", "password": password}).status_code == 302


def test_no_password_has_to_be_changed_after_a_time(app: Flask, client: FlaskClient, ann: User) -> None:
    with app.app_context():
        db.session.get_one(User, ann.id).created_at = datetime(1990, 1, 1, tzinfo=UTC)
        db.session.commit()
    answer = client.post("/sign-in", data={"email": ann.email, "password": PASSWORD})
    assert answer.location == "/journal"
    assert client.get("/journal").status_code == 200


def test_a_weak_hash_is_replaced_when_its_password_is_given(
    app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that all follow when more is thought to be needed, without anybody changing a password."""
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(people, "password_hasher", stronger)
    with app.app_context():
        assert people.check_password(ann.email or "", "a wrong password") is None
        assert hash_of(ann) == ann.password_hash
        assert people.check_password(ann.email or "", PASSWORD)
        kept = hash_of(ann)
        assert (kept == ann.password_hash, stronger.check_needs_rehash(kept)) == (False, False)
        assert people.check_password(ann.email or "", PASSWORD)
        assert hash_of(ann) == kept
        assert db.session.scalars(select(Mail)).all() == []  # nobody has changed a password


def test_a_lock_in_that_moment_stays(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(people, "password_hasher", stronger)
    hash_password = people.hash_password

    def lock_meanwhile(password: str) -> str:
        credentials.change_password(db.session.get_one(User, ann.id), None)
        return hash_password(password)

    monkeypatch.setattr(people, "hash_password", lock_meanwhile)
    with app.app_context():
        people.check_password(ann.email or "", PASSWORD)
        assert hash_of(ann) == ""


def hash_of(person: User) -> str:
    return db.session.get_one(User, person.id, populate_existing=True).password_hash or ""


def test_a_new_site_has_no_account(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        assert not people.has_people()
    for name in ("admin", "root", "demo@example.org", "admin@example.org"):
        assert client.post("/sign-in", data={"email": name, "password": PASSWORD}).status_code == 422
