"""Every page, for every kind of visitor: what the policy says is what happens."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.routing import Rule

from app import sign_ins
from app.extensions import db
from app.models import SignIn, User
from app.models.columns import database_time
from app.web.policy import POLICY, Access, UndeclaredPageError, check_policy
from tests.web.conftest import SignIn as SignInFixture

ARGUMENTS = {
    "archive_id": "0" * 64,
    "attachment_id": "00000000-0000-7000-8000-000000000000",
    "comment_id": "00000000-0000-7000-8000-000000000000",
    "entry_id": "00000000-0000-7000-8000-000000000000",
    "sign_in_id": "00000000-0000-7000-8000-000000000000",
    "filename": "base.css",
    "key_id": "0000000000000000",
    "number": 1,
    "signed_id": "nothing",
}
ASKED_TO_SIGN_IN, ASKED_TO_CONFIRM = "/sign-in", "/confirm"


def requests(app: Flask) -> Iterator[tuple[Access, str, str]]:
    """What the policy says, a method, and a path, for each page and method of the site."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "auth.sign_out":
            continue  # it leads everybody to the form of signing in
        given: dict[str, Any] = {name: ARGUMENTS[name] for name in rule.arguments if name not in (rule.defaults or {})}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield POLICY[rule.endpoint], method, adapter.build(rule.endpoint, given, method=method)


def where_to(client: FlaskClient, method: str, path: str) -> str:
    with client.open(path, method=method) as answer:
        location = answer.location or ""
    place = location.partition("?")[0]
    return place if place in {ASKED_TO_SIGN_IN, ASKED_TO_CONFIRM} else "in"


def test_a_stranger_gets_to_the_open_pages_only(app: Flask, client: FlaskClient) -> None:
    for access, method, path in requests(app):
        expected = "in" if access is Access.ANYONE else ASKED_TO_SIGN_IN
        assert where_to(client, method, path) == expected, (method, path)


def test_an_ended_sign_in_is_a_strangers(app: Flask, sign_in: SignInFixture, ann: User) -> None:
    for access, method, path in requests(app):
        client = sign_in(ann)
        with app.app_context():
            sign_ins.end_all(ann.id)
        expected = "in" if access is Access.ANYONE else ASKED_TO_SIGN_IN
        assert where_to(client, method, path) == expected, (method, path)


def test_an_old_sign_in_is_asked_where_it_matters(app: Flask, sign_in: SignInFixture, ann: User) -> None:
    for access, method, path in requests(app):
        client = sign_in(ann)
        with app.app_context():
            db.session.execute(update(SignIn).values(confirmed_at=database_time(-601)))
            db.session.commit()
        expected = ASKED_TO_CONFIRM if access is Access.CONFIRMED else "in"
        assert where_to(client, method, path) == expected, (method, path)


def test_what_is_not_theirs_is_as_absent_as_nothing(app: Flask, sign_in: SignInFixture, ann: User) -> None:
    """Whoever has just signed in gets everywhere, and finds nothing at addresses that were made up."""
    for _, method, path in requests(app):
        if any(str(value) in path for name, value in ARGUMENTS.items() if name.endswith("_id")):
            assert sign_in(ann).open(path, method=method).status_code == 404, (method, path)


def test_a_page_that_nobody_has_declared_stops_the_start(app: Flask) -> None:
    check_policy(app)
    app.url_map.add(Rule("/new", endpoint="journal.forgotten"))
    with pytest.raises(UndeclaredPageError, match=r'"journal.forgotten": Access'):
        check_policy(app)


def test_it_would_be_closed_even_then(app: Flask) -> None:
    app.url_map.add(Rule("/new", endpoint="journal.forgotten"))
    app.view_functions["journal.forgotten"] = lambda: "secret"
    assert app.test_client().get("/new").status_code == 403
