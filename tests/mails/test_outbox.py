"""A mail is written exactly when what it tells of happens; one worker at a time sends it, until that has worked."""

import json
import os
import threading
import uuid
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app import outbox
from app.accounts import credentials, resets, sign_ins
from app.archives import ledger, making, reconciling, reminding, service
from app.archives.ledger import work, writing
from app.archives.reminding import remind
from app.extensions import db
from app.mails import sending
from app.models import Archive, AuditRow, Mail, MailKind, State, User
from app.models.columns import database_time, now
from tests.archives.test_ledger import in_threads
from tests.mails.conftest import change, list_mails, load, read_folder

BROWSER = {"ip_address": "192.0.2.7", "user_agent": "Test browser"}


def kinds() -> list[str]:
    return [mail.kind.value for mail in list_mails()]


def change_archive(archive_id: str, **values: Any) -> None:
    db.session.execute(sa.update(Archive).where(Archive.id == archive_id).values(**values))
    db.session.commit()


def test_an_archive_writes_as_it_goes(app: Flask, ann: User) -> None:
    archive_id, _ = service.request_archive(ann.id, **BROWSER)
    service.request_archive(ann.id, **BROWSER)  # a double click
    assert kinds() == ["requested"]
    making.generate(ann.id)
    assert kinds() == ["requested", "ready"]
    archive = db.session.get_one(Archive, archive_id)
    for part, address in ((1, "192.0.2.7"), (2, "192.0.2.7"), (1, "192.0.2.8")):
        service.record_download(archive, part, ip_address=address, user_agent="Test browser")
    assert kinds() == ["requested", "ready", "downloaded", "downloaded"]  # the second address is told of, too
    assert {mail.archive_id for mail in list_mails()} == {archive_id}
    assert [mail.ip_address for mail in list_mails()] == ["192.0.2.7", None, "192.0.2.7", "192.0.2.8"]


def test_an_archive_that_failed(app: Flask, ann: User) -> None:
    ledger.insert(ann.id)
    held = ledger.claim(ann.id)
    assert held
    ledger.fail(held, "fault")
    with pytest.raises(ledger.LeaseLostError):
        ledger.fail(held, "fault")
    assert kinds() == ["requested", "failed"]
    archive_id, _ = ledger.insert(ann.id)
    ledger.claim(ann.id)
    change_archive(archive_id, attempt=5, lease_until=database_time(-1))
    reconciling.reconcile()  # its worker was killed in the last attempt
    reconciling.reconcile()
    assert kinds() == ["requested", "failed"] * 2


def test_whoever_has_lost_the_lease_writes_nothing(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a mail that is written beside the change is there although the change is not."""
    archive_id, _ = ledger.insert(ann.id)
    held = ledger.claim(ann.id)
    assert held
    service.cancel(ann.id, archive_id)
    with pytest.raises(ledger.LeaseLostError):
        ledger.fail(held, "fault")
    assert kinds() == ["requested"]

    def tell_beside(statement: Any, more: Any = (), tell: Callable[[], None] = lambda: None) -> int:
        tell()
        return writing.change(statement, more)

    monkeypatch.setattr(work, "change", tell_beside)
    with pytest.raises(ledger.LeaseLostError):
        ledger.fail(held, "fault")
    assert kinds() == ["requested", "failed"]


def test_sign_in_and_password(app: Flask, ann: User) -> None:
    sign_ins.begin(ann, **BROWSER)
    person = db.session.get_one(User, ann.id)
    credentials.change_password(person, "another password altogether")
    credentials.change_password(person, None)  # the operator locks the account
    assert kinds() == ["signed_in", "password_changed"]


def test_of_a_kind_a_person_gets_ten_an_hour(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks and cancels in turn, or signs in again and again, buries nothing. The control has no bound."""

    def ask_and_cancel() -> None:
        archive_id, _ = service.request_archive(ann.id, **BROWSER)
        service.cancel(ann.id, archive_id)

    for _ in range(12):
        ask_and_cancel()
        sign_ins.begin(ann, **BROWSER)
    assert (kinds().count("requested"), kinds().count("signed_in")) == (10, 10)
    done = db.session.scalars(sa.select(AuditRow.what)).all()
    assert (done.count("archive_requested"), done.count("signed_in")) == (12, 12)
    db.session.execute(sa.update(Mail).values(at=database_time(-3610)))
    db.session.commit()
    sign_ins.begin(ann, **BROWSER)
    assert kinds().count("signed_in") == 11
    monkeypatch.setattr(outbox, "MOST_AN_HOUR", 1000)
    for _ in range(12):
        ask_and_cancel()
    assert kinds().count("requested") == 22


def test_a_browser_that_calls_itself_otherwise_each_time_is_told_of_once(app: Flask, ann: User) -> None:
    """Every name that it claims would be a mail."""
    archive_id, _ = service.request_archive(ann.id)
    making.generate(ann.id)
    archive = db.session.get_one(Archive, archive_id)
    for number in range(3):
        service.record_download(archive, 1, ip_address="192.0.2.7", user_agent=f"Firefox/140.{number} on Linux")
    service.record_download(archive, 1, ip_address="192.0.2.7", user_agent="curl/8")
    assert kinds().count("downloaded") == 2


def test_one_reminder_a_day_before_the_end(app: Flask, ann: User, make_person: Callable[..., User]) -> None:
    def make_ready(person: User, days: float) -> str:
        archive_id, _ = ledger.insert(person.id)
        change_archive(archive_id, state=State.READY, part_count=1, expires_at=database_time(days * 86400))
        return archive_id

    soon, fetched = make_ready(ann, 0.9), make_ready(ann, 0.9)
    make_ready(ann, 1.1)
    service.record_download(db.session.get_one(Archive, fetched), 1, **BROWSER)
    before = len(list_mails())
    remind()
    remind()
    assert [(mail.kind, mail.archive_id) for mail in list_mails()[before:]] == [(MailKind.REMINDER, soon)]


def test_many_reminders_are_put_some_at_a_time(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """And each archive is looked at once, although the last ones get no mail: ten an hour are enough."""
    monkeypatch.setattr(reminding, "REMINDED_AT_ONCE", 3, raising=False)
    for _ in range(13):
        archive_id, _ = ledger.insert(ann.id)
        change_archive(archive_id, state=State.READY, part_count=1, expires_at=database_time(86000))
    before = len(list_mails())
    put = [0]
    """By transaction."""

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        put[-1] += statement.startswith("INSERT INTO mail")

    sa.event.listen(db.engine, "before_cursor_execute", count)
    sa.event.listen(db.engine, "commit", lambda _: put.append(0))
    remind()
    assert (max(put), sum(put), len(list_mails()) - before) == (3, 13, 10)


@pytest.mark.usefixtures("put")
def test_no_reminder_where_archives_go_the_next_day(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    archive_id, _ = ledger.insert(ann.id)
    change_archive(archive_id, state=State.READY, part_count=1, expires_at=database_time(3600))
    monkeypatch.setitem(app.config, "ARCHIVE_KEEP_DAYS", 1)
    remind()
    assert kinds() == ["requested"]


def test_eight_at_once_write_one(app: Flask, ann: User) -> None:
    """The control: who looks first and inserts then is refused, and would lose the change that the mail tells of."""
    many = 8
    looked = threading.Barrier(many)
    refused: list[IntegrityError] = []

    def put() -> None:
        outbox.put(MailKind.REMINDER, ann.id, "the same")
        db.session.commit()

    def look_then_insert() -> None:
        found = db.session.scalar(sa.select(Mail.id).where(Mail.occasion == "the same"))
        db.session.commit()
        looked.wait()
        assert found is None
        db.session.add(Mail(user_id=ann.id, kind=MailKind.REMINDER, occasion="the same"))
        try:
            db.session.commit()
        except IntegrityError as error:
            db.session.rollback()
            refused.append(error)

    in_threads(app, put, many)
    assert kinds() == ["reminder"]
    in_threads(app, look_then_insert, many)
    assert len(refused) == many - 1


def test_two_of_no_occasion_are_two(put: Callable[..., str]) -> None:
    assert put() != put()


def test_a_mail_is_sent_once(app: Flask, put: Callable[..., str], ann: User) -> None:
    mail_id = put()
    assert sending.reconcile() == [mail_id]
    assert sending.reconcile() == []  # rung for already
    sending.send(mail_id)
    sending.send(mail_id)
    (message,) = read_folder(app)
    assert (message["To"], load(mail_id).attempt) == ("ann@example.org", 1)
    assert load(mail_id).sent_at
    change(mail_id, rung_at=None)
    assert sending.reconcile() == []


def test_a_bell_that_nobody_heard_is_rung_again(put: Callable[..., str]) -> None:
    mail_id = put()
    sending.reconcile()
    for seconds in (-31, 3600):  # long ago; or in the future, since the clock was put back
        change(mail_id, rung_at=database_time(seconds))
        assert sending.reconcile() == [mail_id]


def test_one_worker_has_it_at_a_time(app: Flask, put: Callable[..., str]) -> None:
    mail_id = put()
    first = outbox.claim(mail_id)
    assert first
    assert outbox.claim(mail_id) is None
    change(mail_id, due_at=database_time(-1))  # it was silent for too long
    second = outbox.claim(mail_id)
    assert second
    outbox.give_back(first)
    assert outbox.finish(first) is False
    assert outbox.finish(second) is True


def test_a_killed_worker_costs_an_attempt_and_the_last_one_ends_it(
    put: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    mail_id = put()
    for attempt in range(1, 9):
        assert outbox.claim(mail_id), attempt
        change(mail_id, due_at=database_time(-1), rung_at=None)
    assert sending.reconcile() == []
    assert load(mail_id).given_up_at
    assert f"mail {mail_id}: given up" in caplog.text


def test_a_clock_that_was_put_back_keeps_no_mail(put: Callable[..., str]) -> None:
    mail_id = put()
    change(mail_id, due_at=database_time(7 * 86400))
    assert sending.reconcile() == [mail_id]


@pytest.mark.parametrize("forged", ["", "nothing", "0" * 32, "' OR 1=1 --", 7, None, ["id"]], ids=str)
def test_a_forged_bell_sends_nothing(app: Flask, put: Callable[..., str], forged: Any) -> None:
    put()
    sending.send(forged)
    assert read_folder(app) == []


def test_what_is_no_longer_true_is_not_sent(app: Flask, ann: User) -> None:
    archive_id, _ = service.request_archive(ann.id)
    making.generate(ann.id)
    service.delete(ann.id, archive_id)
    for mail_id in sending.reconcile():
        sending.send(mail_id)
    assert [message["Subject"] for message in read_folder(app)] == ["An archive of your data was requested"]
    assert [bool(mail.given_up_at) for mail in list_mails()] == [False, True]


def test_mails_go_after_thirty_days_and_with_their_person(app: Flask, put: Callable[..., str], ann: User) -> None:
    sent, given_up, waiting, young = (put() for _ in range(4))
    old = database_time(-31 * 86400)
    change(sent, sent_at=old)
    change(given_up, given_up_at=old)
    change(waiting, at=old)
    change(young, sent_at=database_time(-29 * 86400))
    sending.forget_old()
    assert [mail.id for mail in list_mails()] == [waiting, young]
    db.session.execute(sa.delete(User).where(User.id == ann.id))
    db.session.commit()
    assert list_mails() == []


def test_many_old_mails_go_some_at_a_time(app: Flask, ann: User, put: Callable[..., str]) -> None:
    """All in one statement took longer than a statement may, and was tried again and again."""
    young = put()
    old = {"user_id": ann.id, "kind": MailKind.READY, "sent_at": now() - timedelta(days=31)}
    db.session.execute(sa.insert(Mail), [{**old, "occasion": str(number)} for number in range(1001)])
    db.session.commit()
    deleted = []

    def count(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith("DELETE FROM mail"):
            deleted.append(cursor.rowcount)

    sa.event.listen(db.engine, "after_cursor_execute", count)
    outbox.forget_old()
    assert deleted == [500, 500, 1]
    assert [mail.id for mail in list_mails()] == [young]


def test_whoever_is_deleted_while_it_is_sent_costs_nothing(
    put: Callable[..., str], ann: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    claim = outbox.claim

    def claim_and_delete(mail_id: str) -> outbox.Held | None:
        held = claim(mail_id)
        db.session.execute(sa.delete(User).where(User.id == ann.id))
        db.session.commit()
        return held

    monkeypatch.setattr(outbox, "claim", claim_and_delete)
    sending.send(put())
    assert (list_mails(), caplog.text) == ([], "")


def test_files_of_mails_go_as_their_rows_do(app: Flask, put: Callable[..., str]) -> None:
    sending.send(put())
    folder = Path(app.config["MAIL_DIR"])
    (young,) = folder.glob("*.eml")
    old, draft, foreign = folder / f"{uuid.uuid4()}.eml", folder / f".{uuid.uuid4()}.{'0' * 16}", folder / "notes.eml"
    for file in (old, draft, foreign):
        file.touch()
        os.utime(file, (0, 0))
    sending.forget_old()
    assert set(folder.iterdir()) == {young, foreign}


def test_they_are_in_the_archive(app: Flask, ann: User) -> None:
    """What was sent to whom is the person's own data; links for a new password are nobody's to find there."""
    token = resets.issue(ann.id)
    archive_id, _ = service.request_archive(ann.id, **BROWSER)
    making.generate(ann.id)
    (place,) = service.places_of(db.session.get_one(Archive, archive_id))
    with zipfile.ZipFile(place) as archive:
        members = {Path(name).name: archive.read(name).decode() for name in archive.namelist() if "/json/" in name}
    (mail,) = json.loads(members["mail.json"])
    assert (mail["kind"], mail["user_agent"]) == ("requested", "Test browser")
    assert not {"occasion", "due_at", "rung_at", "fence"} & mail.keys()
    assert "at" in json.loads(members["password_reset.json"])[0]
    secrets = (token, sign_ins.hash_token(token))
    assert not any(secret in text for secret in secrets for text in members.values())
