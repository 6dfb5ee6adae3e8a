"""Every form with anything in its fields: taken, or shown again with words beside the field; never a fault."""

import io
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from app.extensions import db
from app.models import Archive, Attachment, Entry, User
from tests.conftest import PASSWORD
from tests.fuzzing import examples
from tests.web.conftest import SignIn

pytestmark = pytest.mark.fuzz

HARD = [
    "\0",
    "\x1b",
    "\ufffe",
    "\u202e",
    "\U0001f600" * 90,
    "x" * 300,
    "<script>",
    " ",
    "\r\n",
    "%00",
    "e\u0301",
    "ß",
    "İ",
]
TEXT = st.text(max_size=20) | st.sampled_from(HARD)
EMAIL = (
    TEXT | st.emails() | st.sampled_from(["a@b", "ann@example.org", "ANN@EXAMPLE.ORG ", "a@[127.0.0.1]", "@" * 300])
)
DATE = (
    st.dates().map(str)
    | TEXT
    | st.sampled_from(["0000-00-00", "10000-01-01", "1-1-1", "2026-02-30", "٢٠٢٦-٠١-٠١", "²"])
)
SIGN_UP = {"name": TEXT, "email": EMAIL, "password": TEXT | st.just(PASSWORD), "time_zone": TEXT | st.just("UTC")}
SIGN_IN = {"email": EMAIL, "password": TEXT | st.just(PASSWORD)}
SETTINGS = {"name": TEXT, "language": TEXT | st.just("en"), "time_zone": TEXT | st.just("UTC")}
ENTRY = {
    "title": TEXT,
    "date": DATE,
    "body": TEXT,
    "tags": TEXT,
    "visibility": TEXT | st.sampled_from(["private", "chosen", "members"]),
    "readers": EMAIL,
    "description": TEXT,
}
PASSWORDS = {"current": TEXT, "password": TEXT | st.just(PASSWORD)}
ARCHIVE = {
    "category": TEXT | st.sampled_from(["", "entry", "comment", "user"]),
    "since": DATE,
    "until": DATE,
    "files": TEXT | st.sampled_from(["with", "without"]),
    "format": TEXT | st.sampled_from(["", "csv", "report", "json"]),
    "part_size": TEXT | st.sampled_from(["", "1073741824", "-1", "1e9", "٣"]),
}
QUERY = {"q": TEXT, "tag": TEXT, "page": TEXT | st.integers().map(str), "show": TEXT | st.just("shared")}


def forms(fields: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the fields may be missing, or there twice."""
    return st.fixed_dictionaries(
        {}, optional={name: each | st.lists(each, max_size=2) for name, each in fields.items()}
    )


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    """Of the two databases the stricter."""
    return postgresql_settings


def send(client: FlaskClient, path: str, form: dict[str, Any]) -> int:
    """What is refused is said beside a field."""
    answer = client.post(path, data=form)
    assert answer.status_code in {302, 303, 422}, answer.text
    assert answer.status_code != 422 or "field-error" in answer.text, answer.text
    return answer.status_code


def count(app: Flask, table: Any) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


@examples(20)
@given(form=forms(SIGN_UP))
@example(form={"name": "\0", "email": "a@b.org", "password": "\0" * 15, "time_zone": "UTC"})
def test_sign_up(app: Flask, form: dict[str, Any]) -> None:
    before = count(app, User)
    status = send(app.test_client(), "/sign-up", form)
    assert count(app, User) - before == (status != 422)


@examples(20)
@given(form=forms(SIGN_IN))
@example(form={"email": "ann@example.org\0", "password": PASSWORD})
def test_sign_in(app: Flask, ann: User, form: dict[str, Any]) -> None:
    client = app.test_client()
    status = send(client, "/sign-in", form)
    assert (client.get("/settings").status_code == 200) == (status != 422)


@examples(20)
@given(form=forms(SETTINGS), passwords=forms(PASSWORDS))
def test_settings(app: Flask, ann: User, sign_in: SignIn, form: dict[str, Any], passwords: dict[str, Any]) -> None:
    client = sign_in(ann)
    send(client, "/settings", form)
    assert client.get("/settings").status_code == 200
    assert send(client, "/settings/password", passwords) == 422  # the present one is not among these words


NAMES = TEXT | st.sampled_from(
    ["../../etc/passwd", "..", "C:\\x.exe", "a/b\\c", ".", "x" * 300 + ".png", "a\nb", "\u202egnp.exe"]
)
NOTES = NAMES.map(lambda name: f"{name}.txt")
CONTENTS = st.binary(min_size=1, max_size=20) | st.just(b"A note")
FILES = st.lists(st.tuples(CONTENTS, NOTES | NAMES.filter(bool)), max_size=2)


@examples(30)
@given(form=forms(ENTRY), files=FILES)
@example(form={"title": "x", "date": "0001-01-01", "visibility": "private"}, files=[(b"x", "\0.txt")])
@example(form={"title": "x", "visibility": "private", "tags": ",".join("ab" * 300)}, files=[])
@example(form={"title": "x"}, files=[(b"A note", "a\nb.txt")])
def test_an_entry(
    app: Flask, ann: User, sign_in: SignIn, form: dict[str, Any], files: list[tuple[bytes, str]]
) -> None:
    """What was taken can be read, found, changed and taken away again."""
    forget_entries(app)  # of an example that has failed
    client = sign_in(ann)
    sent = {**form, "files": [(io.BytesIO(content), name) for content, name in files]}
    status = send(client, "/journal/new", sent)
    assert (count(app, Entry), count(app, Attachment)) == ((0, 0) if status == 422 else (1, len(files)))
    if status != 422:
        look_at_entry(app, client)


def forget_entries(app: Flask) -> None:
    with app.app_context():
        db.session.execute(delete(Attachment))
        db.session.execute(delete(Entry))
        db.session.commit()


def look_at_entry(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        entry = db.session.scalars(select(Entry)).one()
        files = db.session.scalars(select(Attachment.id)).all()
        assert entry.date is None or isinstance(entry.date, date)
    for path in (f"/journal/{entry.id}", f"/journal/{entry.id}/edit", "/journal"):
        assert client.get(path).status_code == 200
    assert client.post(f"/journal/{entry.id}/comments", data={"body": entry.title}).status_code == 302
    for file in files:
        with client.get(f"/files/{file}") as answer:
            assert answer.status_code == 200
            assert "\n" not in answer.headers.get("Content-Disposition", "")


@examples(20)
@given(query=forms(QUERY))
@example(query={"page": "9" * 30})
@example(query={"q": "\0", "tag": "\0"})
def test_a_search(ann: User, sign_in: SignIn, query: dict[str, Any]) -> None:
    assert sign_in(ann).get("/journal", query_string=query).status_code == 200


@examples(20)
@given(form=forms(ARCHIVE))
@example(form={"part_size": "9" * 5000})
@example(form={"since": "0001-01-01", "until": "9999-12-31", "category": ["", "entry"]})
def test_a_request(app: Flask, ann: User, sign_in: SignIn, form: dict[str, Any]) -> None:
    client = sign_in(ann)
    status = send(client, "/archives/", form)
    assert client.get("/archives/new", query_string=form).status_code == 200
    assert client.get("/archives/new/estimate", query_string=form).status_code == 200
    assert count(app, Archive) == (status != 422)
    with app.app_context():
        db.session.execute(delete(Archive))
        db.session.commit()
