"""The archive pages: the row before the bell, every state in words, and nobody else's file."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from kombu.exceptions import OperationalError

from app.accounts.people import create_user
from app.archives import ledger, making, reconciling, service
from app.archives.listing import PAGE_SIZE
from app.extensions import db
from app.models import Archive, ArchiveDownload, State, User
from app.models.columns import now
from app.tasks import generate_user_archive
from tests.archives.conftest import change, find_token, let_lease_pass, load, sign_in, sign_in_by_form


@pytest.fixture
def ready(ann: User, waiting: str) -> str:
    """Id of Ann's finished archive."""
    making.generate(ann.id)
    return waiting


def test_the_row_is_committed_before_the_bell_rings(
    app: Flask, ann_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is faster than a commit (38 of 40 times on PostgreSQL), so look from a second connection."""
    seen = []

    def delay(user_id: str) -> None:
        with db.engine.connect() as other:
            seen.append(other.execute(sa.select(Archive.user_id, Archive.state)).all())

    monkeypatch.setattr(generate_user_archive, "delay", delay)
    answer = ann_client.post("/archives/")
    ann = db.session.execute(sa.select(User.id)).scalar_one()
    assert seen == [[(ann, State.QUEUED)]]
    assert re.fullmatch(r"/archives/[0-9a-f]{64}", answer.location)


def test_only_the_id_is_passed_on(ann: User, ann_client: FlaskClient, rung: list[str]) -> None:
    ann_client.post("/archives/")
    assert rung == [ann.id]


def test_a_second_click_shows_the_same_archive(ann_client: FlaskClient) -> None:
    first = ann_client.post("/archives/").location
    assert ann_client.post("/archives/").location == first
    assert "already being made" in ann_client.get(first).text


def test_a_broker_that_is_away_costs_nothing(
    ann: User, ann_client: FlaskClient, monkeypatch: pytest.MonkeyPatch, rung: list[str]
) -> None:
    def away(_: str) -> None:
        raise OperationalError

    monkeypatch.setattr(generate_user_archive, "delay", away)
    answer = ann_client.post("/archives/")
    assert answer.status_code == 303
    assert "Waiting to start" in ann_client.get(answer.location).text
    archive_id = answer.location.rpartition("/")[2]
    change(archive_id, created_at=now() - timedelta(seconds=5))
    assert reconciling.reconcile() == [ann.id]


def test_strangers_are_sent_to_sign_in(app: Flask, ready: str) -> None:
    client = app.test_client()
    for path in ("/archives/", f"/archives/{ready}", f"/archives/{ready}/status", f"/archives/{ready}/download"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.location.startswith("/sign-in")
    for path in ("/archives/", f"/archives/{ready}/cancel", f"/archives/{ready}/delete"):
        assert client.post(path).status_code == 302
    assert load(ready).state == State.READY


def test_somebody_elses_archive_is_as_absent_as_none(app: Flask, bob: User, ready: str) -> None:
    client = sign_in(app.test_client(), "bob@example.org")
    for name in (ready, "0" * 64):
        for path in ("", "/status", "/download"):
            assert client.get(f"/archives/{name}{path}").status_code == 404
        for path in ("/cancel", "/delete"):
            assert client.post(f"/archives/{name}{path}").status_code == 404
    assert load(ready).state == State.READY


def test_the_download_is_the_file_and_is_recorded(ann_client: FlaskClient, ready: str) -> None:
    answer = ann_client.get(f"/archives/{ready}/download", buffered=True)
    archive = load(ready)
    (part,) = service.list_parts(ready)
    assert hashlib.sha256(answer.data).hexdigest() == part.sha256
    assert answer.mimetype == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert service.count_downloads(archive) == {1: 1}


def test_a_broken_download_is_resumed(ann_client: FlaskClient, ready: str) -> None:
    path = f"/archives/{ready}/download"
    whole = ann_client.get(path, buffered=True)
    size = len(whole.data)
    for start, end in ((0, 0), (0, 99), (size // 2, size - 1), (size - 1, size - 1)):
        part = ann_client.get(path, buffered=True, headers={"Range": f"bytes={start}-{end}"})
        assert part.status_code == 206
        assert part.headers["Content-Range"] == f"bytes {start}-{end}/{size}"
        assert part.data == whole.data[start : end + 1]
    rest = ann_client.get(path, buffered=True, headers={"Range": "bytes=100-", "If-Range": whole.headers["ETag"]})
    assert (rest.status_code, rest.data) == (206, whole.data[100:])
    changed = ann_client.get(path, buffered=True, headers={"Range": "bytes=100-", "If-Range": '"another"'})
    assert (changed.status_code, changed.data) == (200, whole.data)
    assert ann_client.get(path, buffered=True, headers={"Range": f"bytes={size}-"}).status_code == 416
    assert ann_client.get(path, buffered=True, headers={"If-Match": '"another"'}).status_code == 412
    assert len(ann_client.get(path, buffered=True, headers={"If-Match": '"another"'}).data) < size
    for fine in (
        {"If-Match": "*"},
        {"If-Match": whole.headers["ETag"]},
        {"Range": "bytes=0-0,5-9"},
        {"Range": "rows=0-5"},
    ):
        answer = ann_client.get(path, buffered=True, headers=fine)
        assert (answer.status_code, answer.data) == (200, whole.data), fine
    head = ann_client.head(path, buffered=True)
    assert (head.content_length, head.data) == (size, b"")
    rows = db.session.execute(sa.select(sa.func.count()).select_from(ArchiveDownload)).scalar_one()
    assert rows == 1  # one browser goes on and on with the same; tests/archives/test_who_downloads.py has the others


@pytest.mark.parametrize("state", ["cancelled", "deleted", "expired", "failed"])
def test_what_is_gone_says_so(ann_client: FlaskClient, ready: str, state: str) -> None:
    change(ready, state=State(state))
    answer = ann_client.get(f"/archives/{ready}/download")
    assert answer.status_code == 410
    assert "no longer available" in answer.text


def test_the_date_counts_before_the_sweeper_comes(ann_client: FlaskClient, ready: str) -> None:
    change(ready, expires_at=now() - timedelta(seconds=1))
    assert ann_client.get(f"/archives/{ready}/download").status_code == 410
    assert "Expired" in ann_client.get(f"/archives/{ready}").text


def test_not_ready_yet(ann_client: FlaskClient, waiting: str) -> None:
    assert ann_client.get(f"/archives/{waiting}/download").status_code == 409


def test_cancel_and_delete(ann: User, ann_client: FlaskClient) -> None:
    first = ann_client.post("/archives/").location
    assert "You cancelled this request." in ann_client.post(f"{first}/cancel", follow_redirects=True).text
    second = ann_client.post("/archives/").location
    making.generate(ann.id)
    assert "You deleted this archive" in ann_client.post(f"{second}/delete", follow_redirects=True).text
    assert "already ended" in ann_client.post(f"{second}/cancel", follow_redirects=True).text
    page = ann_client.get("/archives/").text
    assert "Earlier requests" in page
    assert page.count("Cancelled") == 1


def alive() -> None:
    ledger.beat_pulse()


def quiet() -> None:
    """Nothing has reconciled yet."""


def busy() -> None:
    """Every worker is at somebody else's archive, so none comes to reconcile."""
    other, _ = ledger.insert(create_user("other@example.org", None).id)
    change(other, state=State.RUNNING, fence="x", lease_until=now() + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("pulse", "values", "words", "poll_after"),
    [
        (alive, {}, "Waiting to start.", 2),
        (quiet, {"created_at": timedelta(seconds=-40)}, "No worker is running at the moment.", 5),
        (busy, {"created_at": timedelta(seconds=-40)}, "Waiting to start.", 5),
        (alive, {"created_at": timedelta(minutes=-6)}, "Waiting to start.", 15),
        (alive, {"attempt": 1}, "trying again (2 of 5)", 2),
        (alive, {"state": State.RUNNING, "fence": "f", "step": "Comments"}, "Reading Comments", 2),
        (alive, {"state": State.RUNNING, "fence": "f", "step": "packing"}, "Packing the file", 2),
        (alive, {"state": State.RUNNING, "fence": "f", "attempt": 2}, "trying again (2 of 5)", 2),
        (
            alive,
            {"state": State.RUNNING, "fence": "f", "done": 250, "started_at": timedelta(minutes=-2)},
            "about 6 minutes left",
            2,
        ),
        (
            alive,
            {"state": State.RUNNING, "fence": "f", "started_at": timedelta(hours=-1)},
            "taking longer than usual",
            2,
        ),
        (
            alive,
            {"state": State.RUNNING, "fence": "f", "large": True, "done": 250, "started_at": timedelta(hours=-1)},
            "about 180 minutes left",
            2,
        ),
        (
            alive,
            {"state": State.RUNNING, "fence": "f", "large": True, "done": 250, "started_at": timedelta(hours=-4)},
            "taking longer than usual",
            2,
        ),
    ],
)
def test_the_status_says_what_is_going_on(
    ann_client: FlaskClient,
    waiting: str,
    pulse: Callable[[], None],
    values: dict[str, Any],
    words: str,
    poll_after: int,
) -> None:
    pulse()
    moved = {key: now() + value if isinstance(value, timedelta) else value for key, value in values.items()}
    change(waiting, lease_until=now() + timedelta(minutes=1), **moved)
    answer = ann_client.get(f"/archives/{waiting}/status")
    assert words in answer.json["detail_text"]  # type: ignore[index]
    assert answer.json["poll_after"] == poll_after  # type: ignore[index]
    assert not answer.json["done"]  # type: ignore[index]
    assert answer.json["percent"] <= 99  # type: ignore[index]
    assert "no-store" in answer.headers["Cache-Control"]
    assert words in ann_client.get(f"/archives/{waiting}").text


def test_the_queue_is_counted(ann_client: FlaskClient, bob: User, waiting: str) -> None:
    ledger.beat_pulse()
    other, _ = ledger.insert(bob.id)
    change(other, created_at=now() - timedelta(minutes=1))
    assert "1 request ahead of yours" in ann_client.get(f"/archives/{waiting}").text


def test_the_end_is_told(ann_client: FlaskClient, ready: str) -> None:
    answer = ann_client.get(f"/archives/{ready}/status").json
    assert answer is not None
    assert (answer["done"], answer["state"], answer["url"]) == (True, "ready", f"/archives/{ready}")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("disk_full", "the storage disk was full"),
        ("too_slow", "it took longer than 6 hours"),
        ("fault", "a fault on our side"),
    ],
)
def test_a_failure_says_why_and_offers_another_try(
    app: Flask, ann: User, ann_client: FlaskClient, waiting: str, error: str, words: str
) -> None:
    app.config["ARCHIVES_PER_DAY"] = 5
    held = ledger.claim(ann.id)
    assert held is not None
    ledger.fail(held, error)
    page = ann_client.get(f"/archives/{waiting}").text
    assert words in page
    assert load(waiting).reference in page
    assert "It does not count towards your limit." in page
    assert "Try again" in page


@pytest.mark.parametrize(
    ("is_begun", "words"),
    [
        (False, "It does not count towards your limit."),
        (True, "It counts towards your limit, since it had been begun."),
    ],
    ids=["in time", "begun"],
)
def test_whoever_cancels_is_told_whether_it_counts(
    app: Flask, ann_client: FlaskClient, waiting: str, is_begun: bool, words: str
) -> None:
    app.config["ARCHIVES_PER_DAY"] = 5
    change(waiting, state=State.CANCELLED, started_at=now() if is_begun else None)
    assert f"You cancelled this request. {words}" in ann_client.get(f"/archives/{waiting}").text


def test_gaps_are_said(ann: User, ann_client: FlaskClient, journal: object, waiting: str) -> None:
    making.generate(ann.id)
    page = ann_client.get(f"/archives/{waiting}").text
    assert "Ready, some items missing" in page
    assert re.search("<strong>lost.jpg</strong> – The file is missing", page)
    assert "1 item could not be read. Everything else is included." in page
    assert "Try the missing items again" in page


def test_whoever_watches_keeps_it_moving(ann: User, ann_client: FlaskClient, waiting: str, rung: list[str]) -> None:
    """Beat may be down: a silent worker's archive is taken back, and the bell rung, by the page that shows it."""
    ledger.claim(ann.id)
    let_lease_pass(waiting)
    change(waiting, created_at=now() - timedelta(seconds=5))
    ann_client.get(f"/archives/{waiting}/status")
    assert (load(waiting).state, rung) == (State.QUEUED, [ann.id])


def test_earlier_requests_have_pages(ann: User, ann_client: FlaskClient, ready: str) -> None:
    """What matters now stands on the first only."""
    begun = now() - timedelta(days=30)
    db.session.add_all(
        Archive(user_id=ann.id, state=State.CANCELLED, created_at=begun + timedelta(hours=number))
        for number in range(PAGE_SIZE + 5)
    )
    db.session.commit()

    def look(query: str) -> tuple[int, bool, str]:
        page = ann_client.get(f"/archives/{query}").text
        return page.count('class="c-date"'), "Delete from server" in page, page

    for query in ("", "?page=1", "?page=0", "?page=x"):
        rows, has_card, page = look(query)
        assert (rows, has_card, "Page 1 of 2" in page) == (PAGE_SIZE, True, True), query
        assert 'rel="next" href="/archives/?page=2"' in page
        assert "<title>Your archives – Satchel" in page
    for query in ("?page=2", "?page=99"):
        rows, has_card, page = look(query)
        assert (rows, has_card, "No archive is waiting" in page) == (5, False, False), query
        assert "<title>Your archives – Page 2 of 2" in page
        assert 'rel="prev" href="/archives/?page=1"' in page
    change(ready, state=State.DELETED)
    assert "No archive is waiting for you" in look("")[2]


def test_refresh_only_on_request(ann_client: FlaskClient, waiting: str) -> None:
    assert "http-equiv" not in ann_client.get(f"/archives/{waiting}").text
    assert 'http-equiv="refresh" content="30"' in ann_client.get(f"/archives/{waiting}?refresh=30").text


def test_another_site_cannot_post_for_the_person(guarded: FlaskClient, ready: str) -> None:
    foreign = find_token(guarded.application.test_client().get("/sign-in").text)
    expired = find_token(guarded.get("/archives/").text)
    guarded.post("/sign-out", data={"csrf_token": expired})
    sign_in_by_form(guarded)
    for path in ("/archives/", f"/archives/{ready}/cancel", f"/archives/{ready}/delete"):
        for form in ({}, {"csrf_token": "forged"}, {"csrf_token": foreign}, {"csrf_token": expired}):
            assert guarded.post(path, data=form).status_code == 400
    assert [archive.id for archive in service.list_archives(load(ready).user_id)] == [ready]
    assert load(ready).state == State.READY
    form = {"csrf_token": find_token(guarded.get("/archives/").text)}
    assert guarded.post(f"/archives/{ready}/delete", data=form).status_code == 303
    assert load(ready).state == State.DELETED
