"""One mail of each kind, sent as beat has it sent, in both languages."""

from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from app.archives.reminding import remind
from app.extensions import db
from app.mails import sending
from app.models import Mail, MailKind, User
from tests.pictures import cast
from tests.pictures.stage import HOUR, Account, Stage, apart, let_pass, newest

MOST_ROUNDS = 5
"""What one round writes, the next sends."""


def write_all(stage: Stage, language: str) -> dict[MailKind, str]:
    """The HTML of one mail of each kind that some deed here has led to."""
    role = f"mail {language}"
    who = cast.enter(role, language)
    _do_everything(stage, who, cast.account_of(role))
    for _ in range(MOST_ROUNDS):
        for mail_id in sending.reconcile():
            sending.send(mail_id)
    return _read(Path(stage.app.config["MAIL_DIR"]), who.id)


def kinds_without_mail(found: dict[MailKind, str]) -> list[MailKind]:
    return [kind for kind in MailKind if kind not in found]


def _do_everything(stage: Stage, who: User, account: Account) -> None:
    """What a person can do that somebody is written to about."""
    cast.too_slow(who)
    cast.ready(who)
    archive_id = newest(who.id).id
    let_pass(archive_id, expires_at=20 * HOUR)
    remind()
    apart(partial(_visit, stage, account, archive_id))


def _visit(stage: Stage, account: Account, archive_id: str) -> None:
    client = stage.visit(account)
    client.get(f"/archives/{archive_id}/download").close()
    client.post("/forgotten", data={"email": account.email})
    client.post(
        "/settings/password", data={"current": account.password, "password": "other words nobody puts together"}
    )


def _read(folder: Path, user_id: str) -> dict[MailKind, str]:
    rows = db.session.scalars(sa.select(Mail).where(Mail.user_id == user_id)).all()
    found = {}
    for row in rows:
        file = folder / f"{row.id}.eml"
        if file.exists():
            body = message_from_bytes(file.read_bytes(), policy=default).get_body(("html",))
            assert body
            found[row.kind] = body.get_content()
    return found
