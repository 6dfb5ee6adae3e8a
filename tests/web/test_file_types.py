"""What a page says of files that are not what their names say."""

import io
from collections.abc import Sequence

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.extensions import db
from app.journal import attachments
from app.models import Attachment, User
from tests.journal.test_file_types import EXE
from tests.web.conftest import PNG, SignIn

NEW = {"title": "By the sea", "body": "Waves", "visibility": "private"}


@pytest.fixture
def anns(sign_in: SignIn, ann: User) -> FlaskClient:
    return sign_in(ann)


def names(app: Flask) -> Sequence[str]:
    with app.app_context():
        return db.session.scalars(select(Attachment.name)).all()


def test_the_page_says_why_and_keeps_the_rest(app: Flask, anns: FlaskClient) -> None:
    """The control: under the name that it has by right, and where the operator lets it in, it is kept."""
    files = [(io.BytesIO(PNG), "sea.png"), (io.BytesIO(EXE), "boat.jpg")]
    page = anns.post("/journal/new", data={**NEW, "body": "An hour of work", "files": files})
    assert page.status_code == 422
    assert "“boat.jpg” cannot be added: its name ends in .jpg, but what is in it is a .exe file" in page.text
    assert all(
        words in page.text for words in ("An hour of work", 'data-earlier="sea.png"', "Which files can be added")
    )
    page = anns.post("/journal/new", data={**NEW, "files": (io.BytesIO(EXE), "boat.exe")})
    assert (page.status_code, "files that end in .exe are not accepted here" in page.text) == (422, True)
    assert names(app) == []
    app.config["UPLOAD_MORE_TYPES"] = ["exe"]
    assert anns.post("/journal/new", data={**NEW, "files": (io.BytesIO(EXE), "boat.exe")}).status_code == 302
    assert names(app) == ["boat.exe"]


def test_without_the_check_a_program_is_a_picture(
    app: Flask, anns: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the whole: nothing else refuses it."""
    monkeypatch.setattr(attachments, "_check_type", lambda *_: None)
    assert anns.post("/journal/new", data={**NEW, "files": (io.BytesIO(EXE), "boat.jpg")}).status_code == 302
