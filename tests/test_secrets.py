"""Secrets stay where they are: none is in an archive, none in the log."""

import logging
import re
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import select

from app.archives import making, service
from app.extensions import db
from app.models import SignIn, User
from app.web.policy import POLICY, Access

PASSWORD = "canary of a password, quite long"
WRONG = "canary of a mistyped password"
SECRETS = {name: secrets.token_hex(32) for name in ("SECRET_KEY", "SIGNING_KEY", "AUDIT_KEY")}


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return {**sqlite_settings, **SECRETS}


@pytest.fixture
def app(made_app: Flask) -> Iterator[Flask]:
    yield made_app
    with made_app.app_context():
        db.engine.dispose()


@pytest.fixture(autouse=True)
def fault(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that fails when a form is sent to it."""

    def fail() -> str:
        abort(500)

    monkeypatch.setitem(POLICY, "fail", Access.ANYONE)
    app.add_url_rule("/fail", view_func=fail, methods=["POST"])


def live(app: Flask, client: FlaskClient) -> dict[str, str]:
    """Ann is here, and an archive of hers is made. All secrets that there are then."""
    ann = {"name": "Ann", "email": "ann@example.org", "password": PASSWORD, "time_zone": "UTC"}
    wrong = {**ann, "password": WRONG}
    forms = {"/sign-up": ann, "/sign-out": {}, "/sign-in": wrong, "/sign-in?": ann, "/confirm": wrong, "/fail": ann}
    for path, form in forms.items():
        client.post(path, data=form)
    with client.session_transaction() as session:
        token = str(session["_user_id"])
    with app.app_context():
        user_id = db.session.scalars(select(User.id)).one()
        service.request_archive(user_id)
        making.generate(user_id)
    return find_secrets(app, token)


def find_secrets(app: Flask, token: str) -> dict[str, str]:
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        hashes = db.session.scalars(select(SignIn.token_sha256)).all()
        rows = {f"token_sha256 {number}": found for number, found in enumerate(hashes) if found}
        found = {
            **SECRETS,
            **rows,
            "password": PASSWORD,
            "wrong": WRONG,
            "hash": user.password_hash or "",
            "token": token,
        }
    assert len(found) >= 7
    assert all(len(secret) > 20 for secret in found.values())
    return found


def test_none_is_in_the_archive(app: Flask, client: FlaskClient) -> None:
    secrets = live(app, client)
    with app.app_context():
        (archive,) = service.list_archives(db.session.scalars(select(User.id)).one())
        (path,) = map(Path, service.places_of(archive))
    with zipfile.ZipFile(path) as opened:
        content = b"\0".join(opened.read(name) for name in opened.namelist())
    for name, secret in secrets.items():
        assert secret.encode() not in content, name
    assert b"ann@example.org" in content  # the control: what belongs to her is found


def test_none_is_in_the_log(app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name, secret in live(app, client).items():
        assert secret not in caplog.text, name
    assert re.search(r"Fault [0-9A-F]{8} at POST", caplog.text)  # the control: what is logged is found
