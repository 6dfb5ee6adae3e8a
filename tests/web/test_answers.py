"""What every page of the site has in common, whichever it is; asked of each address in its URL map."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.archives import ledger
from app.models import Entry, User
from app.web.policy import POLICY
from tests.web.conftest import SignIn
from tests.web.test_access import state

OPEN_TO_ALL_SITES = {"keys.public_key"}


@pytest.fixture
def addresses(app: Flask, ann: User, write: Callable[..., Entry]) -> dict[str, str]:
    """An address of each page that has something to show to Ann, by its endpoint."""
    entry = write(ann)
    with app.app_context():
        archive_id, _ = ledger.insert(ann.id)
    given: dict[str, Any] = {
        "entry_id": entry.id,
        "attachment_id": entry.attachments[0].id,
        "archive_id": archive_id,
        "filename": "app.css",
    }
    adapter = app.url_map.bind("localhost")
    return {
        rule.endpoint: adapter.build(rule.endpoint, {name: given[name] for name in rule.arguments}, method="GET")
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.arguments <= given.keys()
    }


def ask(client: FlaskClient, addresses: dict[str, str], **more: Any) -> Iterator[tuple[str, TestResponse]]:
    for endpoint, address in addresses.items():
        yield endpoint, client.get(address, buffered=True, **more)


def test_these_are_most_of_them(app: Flask, addresses: dict[str, str]) -> None:
    """The others need what is not there: a comment to delete, a second sign-in, a task's result."""
    asked = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert len(asked - addresses.keys()) <= len(asked) / 4


def test_each_says_what_it_is_and_in_which_characters(sign_in: SignIn, ann: User, addresses: dict[str, str]) -> None:
    for endpoint, answer in ask(sign_in(ann), addresses):
        assert answer.headers["Content-Type"], endpoint
        if (answer.mimetype or "").startswith("text/"):
            assert answer.content_type.lower().endswith("; charset=utf-8"), endpoint
            answer.data.decode("utf-8")


def test_no_other_site_may_read_them(sign_in: SignIn, ann: User, addresses: dict[str, str]) -> None:
    for endpoint, answer in ask(sign_in(ann), addresses, headers={"Origin": "https://evil.example"}):
        allowed = {name for name in dict(answer.headers) if name.lower().startswith("access-control-")}
        assert bool(allowed) == (endpoint in OPEN_TO_ALL_SITES), endpoint


def test_asking_changes_nothing(app: Flask, sign_in: SignIn, ann: User, addresses: dict[str, str]) -> None:
    client, before = sign_in(ann), state(app)
    assert {answer.status_code for _, answer in ask(client, addresses)} >= {200, 302}
    assert state(app) == before


def test_the_token_of_the_session_stands_on_no_page(sign_in: SignIn, ann: User, addresses: dict[str, str]) -> None:
    client = sign_in(ann)
    with client.session_transaction() as session:
        token = session["_user_id"].encode()
    for endpoint, answer in ask(client, addresses):
        assert token not in answer.data, endpoint
        assert token.decode() not in (answer.location or ""), endpoint


def test_each_page_of_a_member_has_a_way_out(sign_in: SignIn, ann: User, addresses: dict[str, str]) -> None:
    pages = 0
    for endpoint, answer in ask_for_pages(sign_in(ann), addresses):
        if answer.status_code == 200:
            pages += 1
            assert 'action="/sign-out"' in answer.text, endpoint
    assert pages >= 8


def test_every_password_is_asked_for_in_the_same_way(
    app: Flask, sign_in: SignIn, ann: User, addresses: dict[str, str]
) -> None:
    """Masked, sent in the body, and open to password managers; nothing there could refuse a paste."""
    pages = [
        answer.text for client in (app.test_client(), sign_in(ann)) for _, answer in ask_for_pages(client, addresses)
    ]
    forms = [form for page in pages for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if asks(form)]
    fields = [field for form in forms for field in asks(form)]
    assert len(fields) >= 4
    for form in forms:
        assert form.startswith('<form method="post"')
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field)
        assert not re.search(r"\bon[a-z]+=|maxlength|value=|readonly", field)


def ask_for_pages(client: FlaskClient, addresses: dict[str, str]) -> Iterator[tuple[str, TestResponse]]:
    return ((endpoint, answer) for endpoint, answer in ask(client, addresses) if answer.mimetype == "text/html")


def asks(form: str) -> list[str]:
    """The fields of a form that take a password, by their names."""
    return re.findall(r'<input[^>]* name="(?:password|current)"[^>]*>', form)


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/shared/",
        "/.git/HEAD",
        "/.git/config",
        "/.env",
        "/console",
        "/instance/secret_key",
        "/static",
    ],
)
def test_no_folder_is_listed_and_nothing_else_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG"])
def test_no_page_gives_back_what_it_was_sent(client: FlaskClient, addresses: dict[str, str], method: str) -> None:
    for address in addresses.values():
        answer = client.open(address, method=method, headers={"X-Canary": "xyzzy"})
        assert (answer.status_code, "xyzzy" in answer.text) == (405, False), address


def test_nothing_is_open_that_development_needs(sqlite_settings: dict[str, Any]) -> None:
    """As in production: without TESTING, with a broker of its own."""
    app = create_app({**sqlite_settings, "REDIS_URL": "redis://localhost"})
    assert (app.debug, app.testing, app.config["EXAMPLES"]) == (False, False, False)
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert not [name for name in endpoints if name.startswith("examples.")]
    assert endpoints <= POLICY.keys()


def test_the_status_of_an_archive_tells_what_the_page_shows_and_no_more(
    sign_in: SignIn, ann: User, addresses: dict[str, str]
) -> None:
    shown = {"state", "done", "percent", "percent_text", "detail_text", "stage", "url", "poll_after"}
    assert set(sign_in(ann).get(addresses["archives.status"]).json or {}) == shown
