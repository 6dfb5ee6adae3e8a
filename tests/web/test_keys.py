"""The public key is there for everybody, and the private one for nobody."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.archives import keys
from app.models import User
from tests.web.conftest import SignIn


def test_the_present_key(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/.well-known/satchel.pub")
    with app.app_context():
        assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/plain", keys.public_key())
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in answer.headers
    assert app.config["SIGNING_KEY"] not in answer.text


def test_it_is_the_same_for_who_is_signed_in(client: FlaskClient, sign_in: SignIn, ann: User) -> None:
    answer = sign_in(ann).get("/.well-known/satchel.pub")
    assert answer.text == client.get("/.well-known/satchel.pub").text
    assert "Set-Cookie" not in answer.headers


def test_a_key_by_its_id(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        signer = keys.signer()
    assert client.get(f"/.well-known/satchel/{signer.key_id}.pub").text == signer.public_key


@pytest.mark.parametrize("key_id", ["0000000000000000", "..%2fsigning_key", "key", "signing_key"])
def test_an_unknown_key(client: FlaskClient, key_id: str) -> None:
    answer = client.get(f"/.well-known/satchel/{key_id}.pub")
    assert answer.status_code == 404
    assert "no-store" in answer.headers["Cache-Control"]
