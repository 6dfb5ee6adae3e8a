"""Choices that cannot be taken as they come: another archive is at work, or the form is too old. Nothing is lost."""

import re
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.archives import making, service
from app.archives.choices import EVERYTHING, Choices
from app.extensions import db
from app.models import AuditRow, State, User, What
from tests.archives.conftest import change, find_token, load, sign_in
from tests.archives.test_choosing import CHOSEN, forget_who_asked, last, let_sign_in_age, ticked
from tests.conftest import PASSWORD


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return sqlite_settings


def expect_kept(page: str) -> None:
    """All that was chosen is in the form."""
    assert ticked(page) == {"entry", "comment"}
    assert ('value="2026-01-01"' in page, 'value="2026-06-30"' in page) == (True, True)
    assert re.search('value="without" checked', page)
    assert re.search('value="csv" checked', page)
    assert not re.search('value="report" checked', page)


def test_what_was_chosen_meanwhile_is_said_not_to_be_requested(
    ann: User, ann_client: FlaskClient, waiting: str, rung: list[str]
) -> None:
    answer = ann_client.post("/archives/", data=CHOSEN)
    assert (answer.status_code, rung) == (409, [])
    assert "<title>Error: Request an archive" in answer.text
    assert "Another archive is being made for you: Everything · Report, JSON, and CSV." in answer.text
    expect_kept(answer.text)
    assert ('href="#instead"' in answer.text, 'id="instead"' in answer.text) == (True, True)
    assert "Everything is chosen" not in answer.text
    assert (last(ann).id, last(ann).choices, last(ann).state) == (waiting, EVERYTHING, State.QUEUED)


def test_the_same_choices_lead_to_the_archive_that_is_made(ann_client: FlaskClient) -> None:
    """The control, however they are said: JSON is in every archive."""
    first = ann_client.post("/archives/", data=CHOSEN).location
    for formats in (["", "csv"], ["", "csv", "json"]):
        again = ann_client.post("/archives/", data=CHOSEN | {"format": formats})
        assert (again.status_code, again.location) == (303, first)
        assert "already being made" in ann_client.get(first).text


def set_person(person: User, **values: str) -> None:
    """In the settings, by another request."""
    db.session.execute(sa.update(User).where(User.id == person.id).values(values))
    forget_who_asked()
    db.session.expire_all()


DAYS = {"since": "2026-01-01", "until": "2026-06-30"}


@pytest.mark.parametrize(
    ("asked", "changed", "told"),
    [
        (DAYS, {"time_zone": "Pacific/Auckland"}, "(time zone: UTC) · "),
        (DAYS, {"language": "en_GB"}, " · English (United States). "),
        ({}, {"language": "en_GB"}, "Everything · Report, JSON, and CSV · English (United States). "),
    ],
    ids=["time zone", "language", "language of everything"],
)
def test_the_same_days_elsewhere_are_others(
    ann: User, ann_client: FlaskClient, asked: dict[str, str], changed: dict[str, str], told: str, rung: list[str]
) -> None:
    """It was said to be made already, and its days began half a day later than the person had asked."""
    set_person(ann, time_zone="UTC", language="en")
    ann_client.post("/archives/", data=asked)
    first = last(ann)
    set_person(ann, **changed)
    answer = ann_client.post("/archives/", data=asked)
    assert (answer.status_code, rung) == (409, [ann.id])
    assert "Another archive is being made for you" in answer.text
    assert told in " ".join(answer.text.split())
    assert "Cancel that one, and request this" in answer.text
    assert ann_client.post("/archives/", data={**asked, "instead_of": first.id}).status_code == 303
    assert (load(first.id).state, last(ann).state) == (State.CANCELLED, State.QUEUED)
    for name, value in changed.items():
        assert getattr(last(ann), {"language": "locale"}.get(name, name)) == value


@pytest.mark.parametrize("asked", [DAYS, {}], ids=["days", "all days"])
def test_without_such_a_change_it_is_the_same(ann: User, ann_client: FlaskClient, asked: dict[str, str]) -> None:
    """The control; and where no days are chosen, none begin elsewhere. An earlier version noted neither."""
    set_person(ann, time_zone="UTC", language="en")
    first = ann_client.post("/archives/", data=asked).location
    if asked:
        change(last(ann).id, locale=None, time_zone=None)
        set_person(ann, language="en_GB")
    set_person(ann, time_zone="Pacific/Auckland")
    again = ann_client.post("/archives/", data=asked)
    assert (again.status_code, again.location) == (303, first)


def test_asked_for_again_it_says_so_too(ann: User, ann_client: FlaskClient) -> None:
    earlier, _ = service.request_archive(ann.id, Choices(since=date(2026, 1, 1)))
    service.cancel(ann.id, earlier)
    waiting, _ = service.request_archive(ann.id, Choices(since=date(2026, 1, 1)))
    page = ann_client.post("/archives/again", data={"archive_id": earlier}, follow_redirects=True).text
    assert "Your archive is already being made." in page
    set_person(ann, time_zone="Pacific/Auckland")
    page = ann_client.post("/archives/again", data={"archive_id": earlier}, follow_redirects=True).text
    assert "Another archive is being made for you" in page
    assert last(ann).id == waiting


def test_the_other_one_is_cancelled_for_it_on_request(
    app: Flask, ann: User, ann_client: FlaskClient, waiting: str, rung: list[str]
) -> None:
    assert "Cancel that one, and request this" in ann_client.get("/archives/new").text
    answer = ann_client.post("/archives/", data=CHOSEN | {"instead_of": waiting})
    assert (answer.status_code, rung) == (303, [ann.id])
    assert (load(waiting).state, last(ann).state) == (State.CANCELLED, State.QUEUED)
    assert last(ann).choices.since is not None
    deeds = app.extensions["sqlalchemy"].session.query(AuditRow).order_by(AuditRow.number.desc()).limit(2)
    assert [(each.what, each.object_id) for each in deeds] == [
        (What.ARCHIVE_REQUESTED, last(ann).id),
        (What.ARCHIVE_CANCELLED, waiting),
    ]


def test_where_the_new_one_is_refused_the_other_goes_on(app: Flask, ann: User, ann_client: FlaskClient) -> None:
    """Both, or neither."""
    app.config["ARCHIVES_PER_DAY"] = 1
    made, _ = service.request_archive(ann.id)
    change(made, state=State.DELETED)
    waiting, _ = service.request_beyond_limit(ann.id)
    answer = ann_client.post("/archives/", data=CHOSEN | {"instead_of": waiting})
    assert answer.status_code == 422
    assert "You can request the next one on" in answer.text
    expect_kept(answer.text)
    assert (load(waiting).state, last(ann).id) == (State.QUEUED, waiting)


def test_one_that_is_ready_by_then_stays(ann: User, ann_client: FlaskClient, waiting: str) -> None:
    making.generate(ann.id)
    assert ann_client.post("/archives/", data=CHOSEN | {"instead_of": waiting}).status_code == 303
    assert (load(waiting).state, last(ann).state) == (State.READY, State.QUEUED)


def test_nobody_cancels_somebody_elses(app: Flask, ann: User, bob: User, rung: list[str], waiting: str) -> None:
    bobs = sign_in(app.test_client(), "bob@example.org")
    for other in (waiting, "\0", "x"):
        bobs.post("/archives/", data={"instead_of": other})
        assert (load(waiting).state, last(bob).state) == (State.QUEUED, State.QUEUED)


def test_it_goes_through_the_confirmation(ann: User, ann_client: FlaskClient, waiting: str) -> None:
    let_sign_in_age()
    asked = ann_client.post("/archives/", data=CHOSEN | {"instead_of": waiting})
    page = ann_client.get(asked.location).text
    assert "that one is cancelled" in page
    carried = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    form = {name: [value for each, value in carried if each == name] for name, _ in carried}
    assert ann_client.post(asked.location, data={**form, "password": PASSWORD}).status_code == 303
    assert (load(waiting).state, last(ann).choices.files) == (State.CANCELLED, False)


def test_an_earlier_one_again_says_that_another_is_made(ann: User, ann_client: FlaskClient, rung: list[str]) -> None:
    earlier, _ = service.request_archive(ann.id, Choices(without=frozenset({"comment"})))
    service.cancel(ann.id, earlier)
    waiting, _ = service.request_archive(ann.id)
    page = ann_client.post("/archives/again", data={"archive_id": earlier}, follow_redirects=True).text
    assert "Another archive is being made for you: Everything · " in page
    assert (last(ann).id, rung) == (waiting, [])


def test_operators_are_told_too(app: Flask, ann: User, rung: list[str], waiting: str) -> None:
    words = ["archives", "request", "--user", "ann@example.org"]
    run = app.test_cli_runner().invoke
    assert run(args=words).output.endswith("is being made already.\n")
    assert "with other choices; these were not requested." in run(args=[*words, "--no-files"]).output


@pytest.mark.parametrize("path", ["/archives/", "/archives/new"])
def test_of_an_expired_form_all_comes_back(ann: User, guarded: FlaskClient, rung: list[str], path: str) -> None:
    sent = guarded.post(path, data=CHOSEN | {"csrf_token": "of yesterday"})
    assert (sent.status_code, sent.location.partition("?")[0]) == (303, "/archives/new")
    page = guarded.get(sent.location).text
    expect_kept(page)
    assert "Nothing was requested: this page was open for too long." in page
    assert (list(service.list_archives(ann.id)), rung) == ([], [])
    assert guarded.post(path, data=CHOSEN | {"csrf_token": find_token(page)}).status_code in {200, 303}


def test_also_for_those_who_have_signed_out(guarded: FlaskClient) -> None:
    sent = guarded.application.test_client().post("/archives/", data=CHOSEN, follow_redirects=True)
    assert sent.request.path == "/sign-in"
    assert sent.request.args["next"].startswith("/archives/new?")
    assert "since=2026-01-01" in sent.request.args["next"]


@pytest.mark.parametrize("more", ["endpoint=x", "_external=1&_scheme=evil", "_anchor=x", "_method=x", "self=1"])
def test_an_expired_confirmation_takes_nothing_else_from_its_address(guarded: FlaskClient, more: str) -> None:
    """Such words would be options of whoever makes the address."""
    late = guarded.post(f"/confirm?deed=archives.download&next=/archives/1&{more}", data={"password": PASSWORD})
    assert (late.status_code, late.location) == (303, "/confirm?deed=archives.download&next=/archives/1")


def test_an_expired_confirmation_asks_anew_for_the_same(ann: User, guarded: FlaskClient, rung: list[str]) -> None:
    let_sign_in_age()
    form = CHOSEN | {"csrf_token": find_token(guarded.get("/archives/new").text)}
    asked = guarded.post("/archives/", data=form).location
    late = guarded.post(asked, data={"password": PASSWORD, "csrf_token": "of yesterday"})
    assert (late.status_code, late.location) == (303, asked)
    forget_who_asked()
    page = guarded.get(late.location).text
    assert "so nothing was done" in page
    assert 'name="since" value="2026-01-01"' in page
    assert (list(service.list_archives(ann.id)), rung) == ([], [])
