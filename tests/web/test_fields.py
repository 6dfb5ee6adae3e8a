"""What a form may change, and what else may be sent with it: fields of others, twice, in the address, out of range."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.http import parse_options_header

from app.extensions import db
from app.journal.attachments import Upload
from app.journal.entries import Draft, add_entry
from app.models import Archive, Entry, User
from tests.conftest import PASSWORD
from tests.test_security_page import list_fields
from tests.web.conftest import SignIn

SETTINGS = {"name": "Ann B.", "language": "en", "time_zone": "UTC"}
ENTRY = {"title": "By the sea", "visibility": "private"}
STRANGER = "00000000-0000-7000-8000-000000000000"
HUGE = 10**30


@pytest.fixture
def anns(sign_in: SignIn, ann: User) -> FlaskClient:
    return sign_in(ann)


def columns(app: Flask, model: type[Any], *, but: set[str]) -> list[dict[str, Any]]:
    with app.app_context():
        rows = db.session.scalars(select(model).order_by(model.id)).all()
        return [
            {column.key: getattr(row, column.key) for column in model.__table__.columns if column.key not in but}
            for row in rows
        ]


def test_settings_change_three_columns_and_no_other(app: Flask, anns: FlaskClient, bob: User) -> None:
    before = columns(app, User, but={"name"})
    more = {"id": bob.id, "email": "evil@example.org", "password_hash": "", "created_at": "1970-01-01"}
    assert anns.post("/settings", data={**SETTINGS, **more}).status_code == 302
    assert columns(app, User, but={"name"}) == before
    with app.app_context():
        assert set(db.session.scalars(select(User.name))) == {"Ann B.", "Bob"}


def test_nobody_writes_for_somebody_else(app: Flask, anns: FlaskClient, ann: User, bob: User) -> None:
    more = {"id": STRANGER, "author_id": bob.id, "user_id": bob.id, "created_at": "1970-01-01"}
    assert anns.post("/journal/new", data={**ENTRY, **more}).status_code == 302
    [entry] = columns(app, Entry, but=set())
    assert (entry["author_id"], entry["id"] == STRANGER) == (ann.id, False)
    assert entry["created_at"].year > 1970


def test_an_archive_is_of_who_asks(app: Flask, anns: FlaskClient, ann: User, bob: User) -> None:
    more = {"user_id": bob.id, "state": "ready", "id": "chosen", "priority": "9", "size": "0"}
    assert anns.post("/archives/", data=more).status_code == 303
    [archive] = columns(app, Archive, but=set())
    assert (archive["user_id"], archive["state"], archive["id"] == "chosen") == (ann.id, "queued", False)


def test_what_stands_in_the_address_is_no_field(app: Flask, anns: FlaskClient) -> None:
    before = columns(app, User, but=set())
    anns.set_cookie("name", "Eve")
    anns.post("/settings?name=Eve&language=vi&time_zone=Europe/Paris", data={}, headers={"name": "Eve"})
    assert columns(app, User, but=set()) == before


def test_of_a_field_that_comes_twice_the_first_counts_everywhere(app: Flask, anns: FlaskClient) -> None:
    assert anns.post("/settings", data={**SETTINGS, "name": ["First", "Second"]}).status_code == 302
    with app.app_context():
        assert db.session.scalars(select(User.name)).all() == ["First"]
    away = app.test_client().get("/sign-in?next=/journal&next=//evil.example")
    assert "evil.example" not in (away.location or "")
    assert anns.get("/sign-in?next=/settings&next=//evil.example").location == "/settings"
    assert anns.get("/sign-in?next=//evil.example&next=/settings").location == "/journal"


NUMBERS = [0, -1, 2**31, 2**63, HUGE, -HUGE, "1e9", "٣", "0x10", "NaN", ""]


class TestNumbers:
    @pytest.fixture
    def settings(self, any_database: dict[str, Any]) -> dict[str, Any]:
        return any_database

    def test_out_of_range_they_are_no_fault(self, anns: FlaskClient) -> None:
        location = anns.post("/archives/").location
        for number in NUMBERS:
            for address in (f"/journal?page={number}", f"{location}?refresh={number}"):
                assert anns.get(address).status_code == 200, address
            for address in (f"{location}/download/{number}", f"/journal/{number}", f"/files/{number}"):
                assert anns.get(address).status_code in {404, 405, 409}, address
            assert anns.post("/archives/", data={"part_size": str(number)}).status_code in {303, 409, 422}, number


STRANGE: dict[str, dict[str, Any]] = {
    "a list": {"data": {"email": ["a", "b"], "password": ["c", "d"]}},
    "names that other languages read as lists": {"data": {"email[]": "a", "password[$ne]": "b"}},
    "JSON": {"json": {"email": {"$ne": None}, "password": True}},
    "JSON that is a list": {"json": [1, 2]},
    "JSON that is none": {"data": "{", "content_type": "application/json"},
}


@pytest.mark.parametrize("kind", STRANGE)
def test_another_kind_of_value_is_no_fault(client: FlaskClient, kind: str) -> None:
    assert client.post("/sign-in", **STRANGE[kind]).status_code in {415, 422}


@pytest.mark.parametrize("field", ["email", "password"])
def test_a_file_is_no_text(client: FlaskClient, ann: User, field: str) -> None:
    data = {"email": ann.email, "password": PASSWORD, field: (io.BytesIO(b"x"), "x.txt")}
    assert client.post("/sign-in", data=data, content_type="multipart/form-data").status_code == 400


NAMES = {
    "a line break": "a\r\nSet-Cookie: evil=1\r\n.txt",
    "a quotation mark": 'a"; filename="b.md',
    "another script": "đêm ảnh.txt",
    "a path": "../../etc/passwd.txt",
}


@pytest.mark.parametrize("kind", NAMES)
def test_the_name_of_a_file_stays_in_its_header(app: Flask, anns: FlaskClient, ann: User, kind: str) -> None:
    with app.app_context():
        entry = add_entry(ann.id, Draft(title="A file", body=""), [Upload(NAMES[kind], io.BytesIO(b"Hello"))])
        address = f"/files/{entry.attachments[0].id}"
    answer = anns.get(address, buffered=True)
    assert answer.data == b"Hello"
    [disposition] = answer.headers.getlist("Content-Disposition")
    kind_of, given = parse_options_header(disposition)
    assert (kind_of, set(given)) == ("attachment", {"filename"})
    assert not set(given["filename"]) & set("\r\n/\\")
    assert "evil" not in str(answer.headers.getlist("Set-Cookie"))


def test_no_form_asks_a_secret_question() -> None:
    names = {field.rpartition(".")[2] for field in list_fields()}
    assert names >= {"email", "password", "current", "name"}
    assert not [name for name in names if re.search("question|hint|answer|reminder|maiden|pet|birth", name)]
