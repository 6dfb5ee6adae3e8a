"""One mail of each kind, sent as beat has it sent, in both languages."""

from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from app.accounts import credentials, resets
from app.accounts.second_factor import setting_up
from app.archives.reminding import remind
from app.extensions import db
from app.mails import sending
from app.models import Mail, MailKind, User, Wish
from tests.pictures import cast
from tests.pictures.stage import BROWSER, HOUR, Account, Stage, apart, let_pass, newest
from tests.second_factor import factor

MOST_ROUNDS = 5
"""What one round writes, the next sends."""


def write_all(stage: Stage, language: str) -> dict[MailKind, str]:
    """The HTML of one mail of each kind that some deed here has led to."""
    role = f"mail {language}"
    who = cast.enter(role, language)
    _do_everything(stage, who, cast.account_of(role))
    newcomer = _ask_for_accounts(language, who)
    for _ in range(MOST_ROUNDS):
        for mail_id in sending.reconcile():
            sending.send(mail_id)
    return _read(Path(stage.app.config["MAIL_DIR"]), [who.id, newcomer.id])


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
    factor.switch_on(who)
    setting_up.renew_recovery_codes(who.id)
    db.session.refresh(who)  # it has another password since
    credentials.switch_off_factor(who)
    db.session.commit()


def _visit(stage: Stage, account: Account, archive_id: str) -> None:
    client = stage.visit(account)
    client.get(f"/archives/{archive_id}/download").close()
    client.post("/forgotten", data={"email": account.email})
    client.post(
        "/settings/password", data={"current": account.password, "password": "other words nobody puts together"}
    )


def _ask_for_accounts(language: str, who: User) -> User:
    """One for an address that has none, and one for an address that has. Returns the person to come."""
    email = f"newcomer-{language}@example.org"
    for each in (email, who.email or ""):
        resets.ask(each, ip_address="127.0.0.1", user_agent=BROWSER, wish=Wish.ACCOUNT)
    resets.answer_asked()
    newcomer = db.session.scalars(sa.select(User).where(User.email == email)).one()
    newcomer.language = language
    db.session.commit()
    return newcomer


def _read(folder: Path, user_ids: list[str]) -> dict[MailKind, str]:
    rows = db.session.scalars(sa.select(Mail).where(Mail.user_id.in_(user_ids))).all()
    found = {}
    for row in rows:
        file = folder / f"{row.id}.eml"
        if file.exists():
            body = message_from_bytes(file.read_bytes(), policy=default).get_body(("html",))
            assert body
            found[row.kind] = body.get_content()
    return found
