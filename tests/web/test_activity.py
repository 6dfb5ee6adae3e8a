"""A person reads what was done with the account, and nobody else's."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import audit
from app.archives import making, service
from app.extensions import db
from app.models import ACTORS, CAUSES, DEEDS, Cause, User, What
from app.web.archive_words import REASONS
from tests.conftest import PASSWORD
from tests.web.conftest import SignIn

TELEPHONE = "Mozilla/5.0 (Android 16; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


def test_every_code_has_its_words() -> None:
    assert DEEDS.keys() == set(What)
    assert CAUSES.keys() == set(Cause)
    assert REASONS.keys() == set(Cause) - {Cause.FAULT}
    assert ACTORS.keys() == {who.actor for who in (audit.OPERATOR, audit.SYSTEM, audit.NOBODY)}


def test_what_was_done_stands_there_in_words(app: Flask, client: FlaskClient, sign_in: SignIn, ann: User) -> None:
    client.post("/sign-in", data={"email": ann.email, "password": "a wrong one, of a thief"})
    client.post("/sign-in", data={"email": ann.email, "password": PASSWORD}, headers={"User-Agent": TELEPHONE})
    client.post("/confirm", data={"password": "another wrong one"})
    client.post("/sign-out")
    with app.app_context():
        archive_id, _ = service.request_archive(ann.id)
        service.cancel(ann.id, archive_id)
    page = sign_in(ann).get("/settings/activity").text
    for text in (
        "Somebody gave a wrong password, and was not signed in",
        "A wrong password was given while signed in",
        "Signed out",
        "Firefox on Android",
        "127.0.0.1",
        "This browser",
        "A request for an archive was cancelled",
        f"/archives/{archive_id}",
    ):
        assert text in page


def test_others_see_nothing_of_it(sign_in: SignIn, ann: User, bob: User) -> None:
    sign_in(ann).post("/sign-out")
    page = sign_in(bob).get("/settings/activity").text
    assert page.count("Signed in") == 1
    assert "Signed out" not in page


def test_a_long_record_is_read_page_by_page(app: Flask, sign_in: SignIn, ann: User) -> None:
    with app.app_context():
        audit.record_all([audit.Event(What.ARCHIVE_EXPIRED, ann.id) for _ in range(60)])
        db.session.commit()
    client = sign_in(ann)
    first = client.get("/settings/activity").text
    assert first.count("An archive expired") == 49
    assert 'before=12"' in first
    second = client.get("/settings/activity?before=12").text
    assert (second.count("An archive expired"), "Newest" in second, "Older" in second) == (11, True, False)


@pytest.mark.parametrize("before", ["0", "-1", "9" * 40, "x", ""])
def test_any_number_will_do(sign_in: SignIn, ann: User, before: str) -> None:
    assert sign_in(ann).get(f"/settings/activity?before={before}").status_code == 200


def test_an_unknown_address_is_recorded_as_a_known_one_is(app: Flask, client: FlaskClient, ann: User) -> None:
    """Otherwise the time it takes would tell which are known."""
    for email in (ann.email, "nobody@example.org"):
        client.post("/sign-in", data={"email": email, "password": "a wrong one, of a thief"})
    with app.app_context():
        rows = audit.list_recent(most=2)
        assert [(row.what, row.actor) for row in rows] == [("sign_in_refused", "nobody")] * 2
        assert [row.subject_id for row in rows] == [None, ann.id]


def test_an_archives_page_says_who_has_downloaded_it(app: Flask, sign_in: SignIn, ann: User) -> None:
    with app.app_context():
        archive_id, _ = service.request_archive(ann.id)
        making.generate(ann.id)
    client = sign_in(ann)
    assert "Downloads</h2>" not in client.get(f"/archives/{archive_id}").text
    with client.get(f"/archives/{archive_id}/download", headers={"User-Agent": TELEPHONE}) as answer:
        assert answer.status_code == 200
    page = client.get(f"/archives/{archive_id}").text
    assert "Downloads</h2>" in page
    assert "Firefox on Android" in page
