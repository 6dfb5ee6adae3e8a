from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import outbox
from app.extensions import db
from app.mails import sending
from app.models import Mail, MailKind, User
from tests.mails.server import Inbox, run_server


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with run_server() as inbox:
        yield inbox


@pytest.fixture
def put(app: Flask, ann: User) -> Callable[..., str]:
    """Has Ann written to; returns the mail's id."""

    def put(kind: MailKind = MailKind.PASSWORD_CHANGED, *occasion: str, **values: Any) -> str:
        outbox.put(kind, ann.id, *occasion, **values)
        db.session.commit()
        return list_mails()[-1].id

    return put


def list_mails() -> Sequence[Mail]:
    found = db.session.scalars(sa.select(Mail).order_by(Mail.id), execution_options={"populate_existing": True}).all()
    db.session.commit()
    return found


def load(mail_id: str) -> Mail:
    return next(mail for mail in list_mails() if mail.id == mail_id)


def change(mail_id: str, **values: Any) -> None:
    db.session.execute(sa.update(Mail).where(Mail.id == mail_id).values(**values))
    db.session.commit()


def read_folder(app: Flask) -> list[EmailMessage]:
    """What was written where no server is set, in the order of the rows."""
    files = sorted(Path(app.config["MAIL_DIR"]).glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]


def send_all() -> None:
    """As beat and a worker do."""
    for mail_id in sending.reconcile():
        sending.send(mail_id)


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())
