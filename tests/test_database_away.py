"""PostgreSQL goes away in the middle of a request: a page in words, never the server's bare 500."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.extensions import db
from app.models import Archive, Comment, Entry, User
from app.tasks import generate_user_archive
from app.web.policy import POLICY, Access
from tests.conftest import PASSWORD
from tests.databases import before_statement, cut_connections


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    return postgresql_settings


def test_a_finished_page_is_sent_although_its_connection_broke(
    served: Flask, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(POLICY, "late", Access.ANYONE)

    @served.get("/late")
    def late() -> str:
        db.session.execute(sa.text("SELECT 1"))
        cut_connections(settings["DATABASE_URL"])
        return "finished"

    client = served.test_client()
    assert client.get("/late").text == "finished"
    assert client.get("/late").text == "finished"


def test_the_next_request_has_a_connection_again(
    served: Flask, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(POLICY, "count", Access.ANYONE)

    @served.get("/count")
    def count() -> str:
        return str(db.session.execute(sa.select(sa.func.count()).select_from(User)).scalar_one())

    client = served.test_client()
    assert client.get("/count").text == "0"
    cut_connections(settings["DATABASE_URL"])
    assert client.get("/count").text == "0"


def test_an_error_page_that_cannot_load_the_person_says_that_the_site_is_busy(
    settings: dict[str, Any], ann: User, client: FlaskClient
) -> None:
    client.post("/sign-in", data={"email": ann.email, "password": PASSWORD})
    url = sa.make_url(settings["DATABASE_URL"]).set(database="gone").render_as_string(hide_password=False)
    away = create_app({**settings, "DATABASE_URL": url}).test_client()
    cookie = client.get_cookie("session")
    assert cookie is not None
    away.set_cookie("session", cookie.value)
    assert is_busy(away.get("/nowhere"))


def is_busy(answer: TestResponse) -> bool:
    """A whole page of words that says so, and when to come back."""
    if answer.status_code != 503:
        return False
    assert answer.headers["Retry-After"] == "60"
    assert "The site is busy" in answer.text
    assert answer.text.rstrip().endswith("</html>")
    assert "psycopg" not in answer.text
    return True


@pytest.fixture
def ann_client(served: Flask, ann: User) -> FlaskClient:
    client = served.test_client()
    assert client.post("/sign-in", data={"email": ann.email, "password": PASSWORD}).status_code == 302
    return client


@pytest.fixture
def entry(served: Flask, ann: User) -> str:
    with served.app_context():
        entry = Entry(author_id=ann.id, title="By the sea", body="Waves")
        db.session.add(entry)
        db.session.flush()
        db.session.add(Comment(entry_id=entry.id, author_id=ann.id, body="Nice"))
        db.session.commit()
        return entry.id


def break_everywhere(
    app: Flask, settings: dict[str, Any], ask: Callable[[], TestResponse], check: Callable[[TestResponse], None]
) -> TestResponse:
    """Ask with the connections cut before the first statement, then before the second, and so on: what is answered
    passes the check. Returns the answer when there was none left to cut before."""
    with app.app_context():
        engine = db.engine
    cut = partial(cut_connections, settings["DATABASE_URL"])
    for number in count(1):
        with before_statement(number, engine, cut) as sent:
            answer = ask()
        if len(sent) < number:
            assert number > 1
            return answer
        assert is_busy(answer), sent
        check(answer)
    raise AssertionError


def test_a_page_whose_connection_breaks_anywhere_is_whole_or_says_so(
    served: Flask, settings: dict[str, Any], ann_client: FlaskClient, entry: str
) -> None:
    for path in ("/journal", f"/journal/{entry}", "/archives/", "/settings", "/nowhere"):
        usual = ann_client.get(path)
        at_last = break_everywhere(served, settings, partial(ann_client.get, path), lambda _: None)
        assert (at_last.status_code, len(at_last.text)) == (usual.status_code, len(usual.text))


def test_a_change_whose_connection_breaks_anywhere_is_saved_or_says_that_it_is_not(
    served: Flask, settings: dict[str, Any], ann_client: FlaskClient, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate_user_archive, "delay", lambda _: None)  # no broker is needed to see that
    changes: tuple[tuple[type, str, dict[str, str]], ...] = (
        (Archive, "/archives/", {}),
        (Entry, "/journal/new", {"title": "At home", "visibility": "private"}),
        (Comment, f"/journal/{entry}/comments", {"body": "Very nice"}),
    )
    for model, path, form in changes:
        before = rows(served, model)

        def is_not_saved(answer: TestResponse, model: type = model, before: int = before) -> None:
            assert "Nothing was saved" in answer.text
            assert rows(served, model) == before

        at_last = break_everywhere(served, settings, partial(ann_client.post, path, data=form), is_not_saved)
        assert at_last.status_code in {302, 303}
        assert rows(served, model) == before + 1


def rows(app: Flask, model: type) -> int:
    with app.app_context():
        found: int = db.session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one()
        return found


def test_when_every_connection_is_in_use_the_site_is_busy(
    settings: dict[str, Any], make_person: Callable[..., User]
) -> None:
    app = create_app({**settings, "DATABASE_POOL_SIZE": 1, "DATABASE_POOL_OVERFLOW": 0, "WTF_CSRF_ENABLED": False,
                      "DATABASE_POOL_WAIT_SECONDS": 0.1})  # fmt: skip
    with app.app_context(), db.engine.connect():
        held = app.test_client()
        assert is_busy(held.post("/sign-in", data={"email": "ann@example.org", "password": PASSWORD}))
    with app.app_context():
        db.engine.dispose()
