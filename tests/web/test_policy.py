"""Every page, for every kind of visitor: what the policy says is what happens."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.routing import Rule

from app.accounts import credentials, sign_ins
from app.archives import ledger
from app.extensions import db
from app.models import Comment, Entry, SignIn, User
from app.models.columns import database_time
from app.web.policy import POLICY, Access, UndeclaredPageError, check_policy
from tests.conftest import PASSWORD
from tests.second_factor.factor import switch_on
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
NOTHING: Mapping[str, str] = MappingProxyType({})
ASKED_TO_SIGN_IN, ASKED_TO_CONFIRM = "/sign-in", "/confirm"
NEEDS_CONFIRMATION = {Access.CONFIRMED, Access.CONFIRMED_FOR_THIS}
HALF = Access.HALF_SIGNED_IN


def requests(app: Flask, own: Mapping[str, str] = NOTHING) -> Iterator[tuple[Access, str, str]]:
    """What the policy says, a method, and a path, for each page and method of the site."""
    values = {**ARGUMENTS, **own}
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "auth.sign_out":
            continue  # it leads everybody to the form of signing in
        given: dict[str, Any] = {name: values[name] for name in rule.arguments if name not in (rule.defaults or {})}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield POLICY[rule.endpoint], method, adapter.build(rule.endpoint, given, method=method)


def where_to(client: FlaskClient, method: str, path: str) -> str:
    with client.open(path, method=method) as answer:
        location = answer.location or ""
    place = location.partition("?")[0]
    return place if place in {ASKED_TO_SIGN_IN, ASKED_TO_CONFIRM} else "in"


def strangers(access: Access) -> str:
    return "in" if access is Access.ANYONE else ASKED_TO_SIGN_IN


def test_a_stranger_gets_to_the_open_pages_only(app: Flask, client: FlaskClient) -> None:
    for access, method, path in requests(app):
        assert where_to(client, method, path) == strangers(access), (method, path)


def test_half_a_sign_in_gets_to_the_page_of_the_code_only(app: Flask, client: FlaskClient, ann: User) -> None:
    """The password was right, and that is all."""
    with app.app_context():
        switch_on(ann)
    for access, method, path in requests(app):
        client = app.test_client()
        client.post("/sign-in", data={"email": ann.email, "password": PASSWORD})
        expected = "in" if access is Access.HALF_SIGNED_IN else strangers(access)
        assert where_to(client, method, path) == expected, (method, path)


def lock(person: User) -> None:
    credentials.change_password(person, None)


def delete(person: User) -> None:
    db.session.execute(sa.delete(User).where(User.id == person.id))
    db.session.commit()


def end(person: User) -> None:
    sign_ins.end_all(person.id)


@pytest.mark.parametrize("make_stranger", [end, lock, delete])
def test_who_was_signed_in_is_a_stranger_again(
    app: Flask, sign_in: SignInFixture, make_person: Callable[..., User], make_stranger: Callable[[User], None]
) -> None:
    """The sign-in was ended, the account locked, or deleted."""
    for number, (access, method, path) in enumerate(requests(app)):
        person = make_person(f"P{number}")
        client = sign_in(person)
        with app.app_context():
            make_stranger(db.session.merge(person))
        assert where_to(client, method, path) == strangers(access), (method, path)


def test_an_old_sign_in_is_asked_where_it_matters(app: Flask, sign_in: SignInFixture, ann: User) -> None:
    for access, method, path in requests(app):
        client = sign_in(ann)
        with app.app_context():
            db.session.execute(update(SignIn).values(confirmed_at=database_time(-601)))
            db.session.commit()
        expected = ASKED_TO_CONFIRM if access in NEEDS_CONFIRMATION else ASKED_TO_SIGN_IN if access is HALF else "in"
        assert where_to(client, method, path) == expected, (method, path)


def test_what_is_not_theirs_is_as_absent_as_nothing(app: Flask, sign_in: SignInFixture, ann: User) -> None:
    """Whoever has just signed in gets everywhere, and finds nothing at addresses that were made up."""
    for _, method, path in requests(app):
        if any(str(value) in path for name, value in ARGUMENTS.items() if name.endswith("_id")):
            assert sign_in(ann).open(path, method=method).status_code == 404, (method, path)


def test_what_is_anns_is_absent_for_bob(
    app: Flask, sign_in: SignInFixture, ann: User, bob: User, write: Callable[..., Entry]
) -> None:
    """And is there for her, as far as reading tells."""
    entry = write(ann)
    anns = sign_in(ann)
    with app.app_context():
        comment = add_comment(ann.id, entry.id)
        own = {
            "archive_id": ledger.insert(ann.id)[0],
            "attachment_id": entry.attachments[0].id,
            "comment_id": comment,
            "entry_id": entry.id,
            "sign_in_id": db.session.scalars(select(SignIn.id)).one(),
        }
    for _, method, path in requests(app, own):
        if any(value in path for value in own.values()):
            assert sign_in(bob).open(path, method=method).status_code == 404, (method, path)
            assert method != "GET" or anns.get(path, buffered=True).status_code != 404, path


def add_comment(author_id: str, entry_id: str) -> str:
    comment = Comment(author_id=author_id, entry_id=entry_id, body="Mine")
    db.session.add(comment)
    db.session.commit()
    return comment.id


def test_a_page_that_nobody_has_declared_stops_the_start(app: Flask) -> None:
    check_policy(app)
    app.url_map.add(Rule("/new", endpoint="journal.forgotten"))
    with pytest.raises(UndeclaredPageError, match=r'"journal.forgotten": Access'):
        check_policy(app)


def test_a_page_that_asks_to_confirm_says_what_follows(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICY, "settings.index", Access.CONFIRMED)
    with pytest.raises(UndeclaredPageError, match=r"what follows: settings\.index"):
        check_policy(app)


def test_it_would_be_closed_even_then(app: Flask) -> None:
    app.url_map.add(Rule("/new", endpoint="journal.forgotten"))
    app.view_functions["journal.forgotten"] = lambda: "secret"
    assert app.test_client().get("/new").status_code == 403
