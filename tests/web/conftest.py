"""People in front of pages. No application context stays open between requests, as on a real server:
Flask keeps the signed-in person in it, and one client would be taken for another."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import sign_ins
from app.extensions import db
from app.journal.attachments import Upload
from app.journal.entries import Draft, add_entry
from app.mails import sending
from app.models import Entry, User
from tests.mails.conftest import read_folder, text_of

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)

SignIn = Callable[[User], FlaskClient]
Send = Callable[[], list[str]]


@pytest.fixture
def app(made_app: Flask) -> Iterator[Flask]:
    yield made_app
    with made_app.app_context():
        db.engine.dispose()


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """A browser in which this person is signed in."""

    def sign_in(person: User) -> FlaskClient:
        client = app.test_client()
        with app.app_context():
            token = sign_ins.begin(db.session.get_one(User, person.id), "192.0.2.1", "Another browser")
        with client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        return client

    return sign_in


@pytest.fixture
def write(app: Flask) -> Callable[..., Entry]:
    """Adds an entry of somebody's, with a picture."""

    def write(author: User, title: str = "By the sea", body: str = "Waves and *wind*.", **values: Any) -> Entry:
        with app.app_context():
            files = [Upload("sea.png", io.BytesIO(PNG))]
            entry = add_entry(author.id, Draft(title=title, body=body, **values), files)
            assert entry.attachments
            return entry

    return write


def hand_over(client: FlaskClient, link: str) -> int:
    """As the script of the page does where a mailed link leads: what stands behind the # goes into the form."""
    path, _, code = link.partition("#")
    return client.post(path, data={"code": code}).status_code


@pytest.fixture
def send(app: Flask) -> Send:
    """As beat and a worker do; returns the texts of all mails that there are by now."""

    def send() -> list[str]:
        with app.app_context():
            for mail_id in sending.reconcile():
                sending.send(mail_id)
            return [text_of(message) for message in read_folder(app)]

    return send
