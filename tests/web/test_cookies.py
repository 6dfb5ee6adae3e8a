"""The session cookie: signed, so that a changed one is nobody's, and out of the reach of scripts."""

import secrets
import time
from typing import Any

import pytest
from flask import Flask
from flask.json.tag import TaggedJSONSerializer
from flask.testing import FlaskClient
from itsdangerous import Signer, TimestampSigner, URLSafeTimedSerializer

from app import create_app
from app.accounts import sign_ins
from app.extensions import db
from app.models import User
from app.web.session_cookie import SessionCookie
from tests.conftest import PASSWORD
from tests.web.conftest import SignIn

THIS_SITES = secrets.token_hex(32)
SHA_256 = 43
"""Characters of 32 bytes in base64 without padding."""


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return {**sqlite_settings, "SECRET_KEY": THIS_SITES}


def read_cookie(client: FlaskClient) -> str:
    cookie = client.get_cookie("session")
    assert cookie
    return cookie.value


def test_a_changed_cookie_is_nobodys(sign_in: SignIn, ann: User, client: FlaskClient) -> None:
    value = read_cookie(sign_in(ann))
    content, time, signature = value.rsplit(".", 2)
    forged = {
        "unsigned": content,
        "without a signature": f"{content}.{time}.",
        "another signature": f"{content}.{time}.{'A' * len(signature)}",
        "another time": f"{content}.AAAAAA.{signature}",
        "another content": f"{content[:-1]}{'A' if content[-1] != 'A' else 'B'}.{time}.{signature}",
    }
    for kind, each in forged.items():
        client.set_cookie("session", each)
        assert client.get("/journal").status_code == 302, kind
    client.set_cookie("session", value)  # the control
    assert client.get("/journal").status_code == 200


@pytest.mark.parametrize(
    ("most", "days", "is_good"),
    [(30, 29.9, True), (30, 30.1, False), (90, 40, True), (90, 89.9, True), (90, 90.1, False), (1, 1.1, False)],
)
def test_a_cookie_is_good_for_as_long_as_a_sign_in(
    settings: dict[str, Any], sign_in: SignIn, ann: User, most: float, days: float, is_good: bool
) -> None:
    """Flask's own 31 days ended those of a site where a sign-in lasts for 90."""
    site = create_app({"TESTING": True, "RATELIMIT_ENABLED": False, **settings, "SIGN_IN_DAYS": most})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda _: int(time.time() - days * 86_400))
        value = read_cookie(sign_in(ann))
    browser = site.test_client()
    browser.set_cookie("session", value)
    assert browser.get("/journal").status_code == (200 if is_good else 302)
    with site.app_context():
        db.engine.dispose()


def test_a_cookie_that_another_key_has_signed_is_nobodys(
    app: Flask, sign_in: SignIn, ann: User, client: FlaskClient
) -> None:
    app.secret_key = secrets.token_hex(32)
    value = read_cookie(sign_in(ann))
    app.secret_key = THIS_SITES
    client.set_cookie("session", value)
    assert client.get("/journal").status_code == 302


def test_a_token_of_a_form_is_no_cookie(app: Flask, sign_in: SignIn, ann: User, client: FlaskClient) -> None:
    """Both are signed with the same key; what they are for is signed with them."""
    with sign_in(ann).session_transaction() as session:
        kept = dict(session)
    for salt, code in (("wtf-csrf-token", 302), (SessionCookie.salt, 200)):
        serializer = URLSafeTimedSerializer(
            app.secret_key or "",
            salt,
            TaggedJSONSerializer(),
            signer_kwargs={"key_derivation": "hmac", "digest_method": SessionCookie.digest_method},
        )
        client.set_cookie("session", str(serializer.dumps(kept)))
        assert client.get("/journal").status_code == code, salt


def test_signatures_are_of_sha_256(app: Flask, sign_in: SignIn, ann: User) -> None:
    """SHA-1, the libraries' own, has 27 characters."""
    assert len(read_cookie(sign_in(ann)).rpartition(".")[2]) == SHA_256
    assert len(Signer("a key").get_signature("a form's token")) == SHA_256


def test_scripts_and_other_sites_cannot_use_it(client: FlaskClient, ann: User) -> None:
    answer = client.post("/sign-in", data={"email": ann.email, "password": PASSWORD})
    [cookie] = answer.headers.getlist("Set-Cookie")
    words = {word.strip() for word in cookie.split(";")[1:]}
    assert words >= {"HttpOnly", "Path=/", "SameSite=Lax"}
    assert not any(word.startswith("Domain") for word in words)


def test_no_two_sign_ins_have_the_same_token(app: Flask, ann: User) -> None:
    with app.app_context():
        tokens = {sign_ins.begin(ann, "192.0.2.1", "A browser") or "" for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {SHA_256}  # 256 random bits
    assert len({token[:4] for token in tokens}) > 40
