"""A real worker, really killed while it sends: the mail arrives, and a second copy has the same Message-ID."""

import signal
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.mails import sending
from app.models import User
from app.models.columns import database_time
from app.tasks import send_mail
from tests.brokers import HOST
from tests.mails.conftest import change, list_mails, load
from tests.mails.server import Inbox
from tests.mails.without_row import send_without_row
from tests.programs import Program, wait_until

pytestmark = pytest.mark.worker

WITHOUT_ROW = "Sent without a row"


@pytest.fixture
def settings(postgresql_settings: dict[str, Any], valkey: str, inbox: Inbox) -> dict[str, Any]:
    url = {"MAIL_URL": f"smtp://{HOST}:{inbox.port}", "PUBLIC_BASE_URL": "https://satchel.example.org"}
    return {**postgresql_settings, **url, "REDIS_URL": valkey, "CELERY": {"include": ["tests.mails.without_row"]}}


def kill_when(worker: Program, inbox: Inbox, moment: str, deed: Callable[[], object]) -> None:
    """Do this, and kill the worker's children in this moment of the server's, which answers only then."""

    def kill() -> None:
        worker.send_children(signal.SIGKILL)
        setattr(inbox, moment, None)

    setattr(inbox, moment, kill)
    deed()
    wait_until(lambda: getattr(inbox, moment) is None, what="their death")


def ring() -> None:
    for mail_id in sending.reconcile():
        send_mail.delay(mail_id)


def let_time_pass(mail_id: str) -> None:
    """Until whoever had it has been silent for too long."""
    change(mail_id, due_at=database_time(-1), rung_at=None)


def test_killed_before_and_after_a_server_has_taken_the_mail(
    app: Flask, put: Callable[..., str], ann: User, start_worker: Callable[[], Program], inbox: Inbox
) -> None:
    """The control is a mail without a row: killed before it is taken, it never comes."""
    worker = start_worker()
    mail_id = put()
    for deed in (lambda: send_without_row.delay(ann.email, WITHOUT_ROW), ring):
        kill_when(worker, inbox, "before_taking", deed)
    assert inbox.mails == []

    let_time_pass(mail_id)
    kill_when(worker, inbox, "before_answer", ring)
    assert (load(mail_id).attempt, load(mail_id).sent_at) == (2, None)
    assert sending.reconcile() == []  # it may be at work still

    let_time_pass(mail_id)
    ring()
    wait_until(lambda: load(mail_id).sent_at, what="the last try")
    assert [mail["Message-ID"] for mail in inbox.mails] == [f"<{mail_id}@satchel.example.org>"] * 2
    assert (sending.reconcile(), len(list_mails())) == ([], 1)
    assert WITHOUT_ROW not in [mail["Subject"] for mail in inbox.mails]
