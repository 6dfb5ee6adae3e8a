"""A sign-in is a session that can be ended: a copy of its cookie is worth nothing from then on."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts import sign_ins
from app.extensions import db
from app.models import Archive, SignIn, User
from app.models.columns import database_time
from tests.conftest import PASSWORD
from tests.web.conftest import SignIn as SignInFixture

NEW_PASSWORD = "another password altogether"


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


@pytest.fixture
def steal(app: Flask) -> Callable[[FlaskClient], FlaskClient]:
    """Another browser with a copy of this one's cookie."""

    def steal(client: FlaskClient) -> FlaskClient:
        thief = app.test_client()
        with client.session_transaction() as session:
            kept = dict(session)
        with thief.session_transaction() as session:
            session.update(kept)
        assert thief.get("/journal").status_code == 200
        return thief

    return steal


@pytest.fixture
def turn_back(app: Flask) -> Callable[..., None]:
    """Let moments of all sign-ins lie so many seconds in the past."""

    def turn_back(seconds: float, *names: str) -> None:
        with app.app_context():
            db.session.execute(update(SignIn).values(dict.fromkeys(names, database_time(-seconds))))
            db.session.commit()

    return turn_back


def is_in(client: FlaskClient) -> bool:
    return client.get("/journal").status_code == 200


def test_signing_out_ends_copies_too(
    sign_in: SignInFixture, ann: User, steal: Callable[[FlaskClient], FlaskClient]
) -> None:
    client = sign_in(ann)
    thief = steal(client)
    client.post("/sign-out")
    assert not is_in(thief)


def test_the_database_does_not_hold_what_the_cookie_holds(app: Flask, sign_in: SignInFixture, ann: User) -> None:
    with sign_in(ann).session_transaction() as session:
        token = session["_user_id"]
    assert len(token) >= 43
    with app.app_context():
        row = db.session.scalars(select(SignIn)).one()
        assert token not in {getattr(row, column.key) for column in SignIn.__table__.columns}
        assert sign_ins.find(row.token_sha256 or "") is None
        assert sign_ins.find(token) is not None


@pytest.mark.parametrize(("name", "days"), [("seen_at", 7), ("at", 30)])
def test_a_sign_in_that_is_not_used_or_too_old_ends(
    sign_in: SignInFixture, ann: User, turn_back: Callable[..., None], name: str, days: int
) -> None:
    client = sign_in(ann)
    turn_back(days * 86_400 - 60, name)
    assert is_in(client)
    turn_back(days * 86_400 + 60, name)
    assert not is_in(client)


def test_whoever_reads_a_page_is_seen(
    app: Flask, sign_in: SignInFixture, ann: User, turn_back: Callable[..., None]
) -> None:
    client = sign_in(ann)
    turn_back(3600, "seen_at")
    assert is_in(client)
    with app.app_context():
        assert db.session.scalars(select(SignIn.seen_at > database_time(-60))).one()


def test_one_of_several_can_be_ended(app: Flask, sign_in: SignInFixture, ann: User, bob: User) -> None:
    here, there = sign_in(ann), sign_in(ann)
    with app.app_context():
        first, second = db.session.scalars(select(SignIn.id).order_by(SignIn.id))
    page = here.get("/settings").text
    assert "This browser" in page
    assert f"/settings/sign-ins/{second}/end" in page
    assert f"/settings/sign-ins/{first}/end" not in page
    assert sign_in(bob).post(f"/settings/sign-ins/{second}/end").status_code == 404
    assert is_in(there)
    here.post(f"/settings/sign-ins/{second}/end")
    assert (is_in(here), is_in(there)) == (True, False)


def test_a_cookie_alone_ends_no_other_sign_in(
    app: Flask, sign_in: SignInFixture, ann: User, turn_back: Callable[..., None]
) -> None:
    """Whoever has copied one must not shut out the person it was copied from."""
    here, there = sign_in(ann), sign_in(ann)
    with app.app_context():
        _, second = db.session.scalars(select(SignIn.id).order_by(SignIn.id))
    turn_back(601, "confirmed_at")
    for path in (f"/settings/sign-ins/{second}/end", "/settings/sign-ins/end-others"):
        asked = here.post(path)
        assert (asked.status_code, asked.location.partition("?")[0]) == (303, "/confirm")
    assert is_in(there)
    back = here.post(asked.location, data={"password": PASSWORD})
    assert back.location == "/settings"
    here.post(path)
    assert not is_in(there)


def test_all_others_can_be_ended(sign_in: SignInFixture, ann: User, bob: User) -> None:
    here, there, elsewhere = sign_in(ann), sign_in(ann), sign_in(bob)
    here.post("/settings/sign-ins/end-others")
    assert (is_in(here), is_in(there), is_in(elsewhere)) == (True, False, True)


def test_a_new_password_ends_the_others(
    sign_in: SignInFixture, ann: User, client: FlaskClient, steal: Callable[[FlaskClient], FlaskClient]
) -> None:
    here, there = sign_in(ann), sign_in(ann)
    thief = steal(here)
    wrong = here.post("/settings/password", data={"current": NEW_PASSWORD, "password": NEW_PASSWORD})
    assert (wrong.status_code, "This is not your password." in wrong.text) == (422, True)
    short = here.post("/settings/password", data={"current": PASSWORD, "password": "too short"})
    assert (short.status_code, is_in(there)) == (422, True)
    assert here.post("/settings/password", data={"current": PASSWORD, "password": NEW_PASSWORD}).status_code == 302
    assert (is_in(here), is_in(there), is_in(thief)) == (True, False, False)
    assert client.post("/sign-in", data={"email": ann.email, "password": PASSWORD}).status_code == 422
    assert client.post("/sign-in", data={"email": ann.email, "password": NEW_PASSWORD}).status_code == 302


def test_a_cookie_alone_gets_no_archive(
    app: Flask,
    sign_in: SignInFixture,
    ann: User,
    turn_back: Callable[..., None],
    steal: Callable[[FlaskClient], FlaskClient],
) -> None:
    """And whoever knows the password goes on where they were, with what they had chosen."""
    client = sign_in(ann)
    turn_back(601, "confirmed_at")
    asked = client.post("/archives/", data={"part_size": str(1024**3)})
    assert (asked.status_code, asked.location) == (303, f"/confirm?deed=archives.create&part_size={1024**3}")
    page = client.get(asked.location).text
    assert "Files of up to 1 GB" in page
    assert count_archives(app) == 0
    thief = steal(client)
    assert thief.post(asked.location, data={"password": "a guess of a thief"}).status_code == 422
    done = client.post(asked.location, data={"password": PASSWORD, **fields(page)})
    assert (done.status_code, done.location.startswith("/archives/")) == (303, True)
    assert not is_in(thief)  # the token is another one now
    with app.app_context():
        assert db.session.scalars(select(Archive.part_size)).one() == 1024**3


def fields(page: str) -> dict[str, str]:
    """What the form carries out of sight."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))


def test_a_stranger_who_leads_people_to_the_confirmation_gets_nothing_done(
    app: Flask, sign_in: SignInFixture, ann: User, turn_back: Callable[..., None]
) -> None:
    """Only what the site says of itself is done there, and only after the password."""
    client = sign_in(ann)
    turn_back(601, "confirmed_at")
    for deed in ("archives.create", "settings.end_other_sign_ins", "nothing", ""):
        assert client.get(f"/confirm?deed={deed}&part_size=1").status_code == 200
    assert client.post("/confirm?deed=archives.create", data={"part_size": ""}).status_code == 422
    assert count_archives(app) == 0
    odd = client.post("/confirm?deed=journal.index&next=//evil.example", data={"password": PASSWORD})
    assert odd.location == "/journal"


def test_a_download_needs_the_password_as_well(
    sign_in: SignInFixture, ann: User, turn_back: Callable[..., None]
) -> None:
    client = sign_in(ann)
    assert client.get("/archives/unknown/download/2").status_code == 404
    turn_back(601, "confirmed_at")
    asked = client.get("/archives/unknown/download/2")
    assert (asked.status_code, asked.location) == (
        303,
        "/confirm?deed=archives.download&next=/archives/unknown?begin%3D2",
    )
    assert client.post(asked.location, data={"password": PASSWORD}).location == "/archives/unknown?begin=2"


def test_without_the_confirmation_a_cookie_would_be_enough(
    app: Flask, sign_in: SignInFixture, ann: User, turn_back: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setitem(app.config, "CONFIRM_SECONDS", 10**9)
    client = sign_in(ann)
    turn_back(601, "confirmed_at")
    client.post("/archives/")
    assert count_archives(app) == 1


def count_archives(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(select(Archive.id)).all())
