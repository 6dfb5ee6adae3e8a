"""Who may do what in the journal: every route, for every kind of reader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.extensions import db
from app.models import Attachment, Comment, Entry, User, Visibility
from app.models.journal import entry_reader
from tests.web.conftest import SignIn

FORM = {"title": "Changed", "visibility": "private"}

# What each may do with an entry of Ann's that is private, shared with Carl, or open to every member.
READ = ("show", "file", "comment")
OWN = (
    "edit form",
    "edit",
    "delete form",
    "delete entry",
    "describe form",
    "describe file",
    "remove form",
    "remove file",
)
COMMENT = ("delete comment form", "delete comment")

ALLOWED = {
    ("ann", "private"): {*READ, *OWN, *COMMENT},
    ("ann", "chosen"): {*READ, *OWN, *COMMENT},
    ("ann", "members"): {*READ, *OWN, *COMMENT},
    ("carl", "private"): set(),
    ("carl", "chosen"): set(READ),
    ("carl", "members"): set(READ),
    ("bob", "private"): set(),
    ("bob", "chosen"): set(),
    ("bob", "members"): set(READ),
    ("nobody", "private"): set(),
    ("nobody", "chosen"): set(),
    ("nobody", "members"): set(),
}


@dataclass
class Scene:
    entry: Entry
    comment_id: str
    sign_in_id: str = ""

    def requests(self) -> dict[str, tuple[str, str, dict[str, str]]]:
        entry, file = f"/journal/{self.entry.id}", f"/files/{self.entry.attachments[0].id}"
        comment = f"/journal/comments/{self.comment_id}"
        return {
            "show": ("GET", entry, {}),
            "file": ("GET", file, {}),
            "comment": ("POST", f"{entry}/comments", {"body": "Hello"}),
            "edit form": ("GET", f"{entry}/edit", {}),
            "edit": ("POST", f"{entry}/edit", FORM),
            "delete form": ("GET", f"{entry}/delete", {}),
            "delete entry": ("POST", f"{entry}/delete", {}),
            "describe form": ("GET", f"{file}/describe", {}),
            "describe file": ("POST", f"{file}/describe", {"description": "A grey sea"}),
            "remove form": ("GET", f"{file}/remove", {}),
            "remove file": ("POST", f"{file}/remove", {}),
            "delete comment form": ("GET", f"{comment}/delete", {}),
            "delete comment": ("POST", f"{comment}/delete", {}),
        }


@pytest.fixture
def carl(make_person: Callable[..., User]) -> User:
    return make_person("Carl")


@pytest.fixture
def scene(app: Flask, ann: User, carl: User, write: Callable[..., Entry]) -> Callable[[str], Scene]:
    def make(visibility: str) -> Scene:
        entry = write(ann, visibility=Visibility(visibility), readers=[carl])
        with app.app_context():
            comment = Comment(entry_id=entry.id, author_id=ann.id, body="Mine")
            db.session.add(comment)
            db.session.commit()
            return Scene(entry, comment.id)

    return make


def state(app: Flask) -> list[Any]:
    with app.app_context():
        counts = [db.session.scalar(select(func.count()).select_from(each)) for each in (Entry, Attachment, Comment)]
        texts = [db.session.scalars(select(each)).all() for each in (Entry.title, Attachment.description)]
        return [*counts, *texts, db.session.execute(select(entry_reader)).all()]


@pytest.mark.parametrize(("who", "visibility"), ALLOWED)
@pytest.mark.parametrize("deed", [*READ, *OWN, *COMMENT])
def test_matrix(
    app: Flask,
    client: FlaskClient,
    sign_in: SignIn,
    ann: User,
    bob: User,
    carl: User,
    scene: Callable[[str], Scene],
    who: str,
    visibility: str,
    deed: str,
) -> None:
    people = {"ann": ann, "bob": bob, "carl": carl}
    method, path, data = scene(visibility).requests()[deed]
    browser = sign_in(people[who]) if who in people else client
    before = state(app)
    answer = browser.open(path, method=method, data=data, buffered=True)
    if deed in ALLOWED[who, visibility]:
        assert answer.status_code == (200 if method == "GET" else 302)
        assert "/sign-in" not in (answer.location or "")
        assert (state(app) != before) == (method == "POST")
    else:
        assert state(app) == before
        if who == "nobody":
            assert answer.status_code == 302
            assert answer.location.startswith("/sign-in")
        else:
            assert answer.status_code == 404
            assert "By the sea" not in answer.text


def test_not_yours_and_absent_look_the_same(sign_in: SignIn, bob: User, scene: Callable[[str], Scene]) -> None:
    entry = scene("private").entry
    bobs = sign_in(bob)
    absent = bobs.get("/journal/00000000-0000-7000-8000-000000000000")
    assert bobs.get(f"/journal/{entry.id}").data == absent.data


def test_lists(sign_in: SignIn, ann: User, bob: User, carl: User, write: Callable[..., Entry]) -> None:
    for visibility in Visibility:
        write(ann, f"Ann {visibility}", visibility=visibility, readers=[carl], tags=[f"tag {visibility}"])
    write(bob, "Bob private")

    def seen(person: User, address: str) -> set[str]:
        page = sign_in(person).get(address).text
        return {str(each) for each in Visibility if f"Ann {each}" in page}

    everything = {str(each) for each in Visibility}
    assert seen(ann, "/journal") == everything
    assert seen(ann, "/journal?show=shared") == set()
    assert seen(bob, "/journal") == set()
    assert seen(bob, "/journal?show=shared&q=Ann") == {"members"}
    assert seen(carl, "/journal?show=shared") == {"members", "chosen"}
    assert seen(carl, "/journal?show=shared&tag=tag+private&q=private") == set()
