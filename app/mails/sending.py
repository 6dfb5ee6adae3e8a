"""Each mail is sent by one worker at a time, and again if that fails, until a server takes it or it is given up.

SMTP cannot promise once: a worker that is killed after the server's yes, and before the row says so, leaves a mail
that is sent again. It then has the same Message-ID.
"""

import logging
import smtplib
from collections.abc import Sequence

from celery.exceptions import SoftTimeLimitExceeded
from flask import current_app

from app import outbox
from app.accounts import resets
from app.extensions import db
from app.mails.composing import compose
from app.mails.transport import RefusedError, Transport
from app.models import Archive, Mail, MailKind, State, User
from app.models.columns import is_id
from app.outbox import Held

log = logging.getLogger(__name__)


def send(mail_id: str) -> None:
    """Nothing waits under this id, or somebody else has it: nothing is done."""
    held = outbox.claim(mail_id) if is_id(mail_id) else None
    if held is None:
        return
    try:
        _deliver(held)
    except RefusedError as error:
        log.error("mail %s (%s): given up: %s", mail_id, held.mail.kind, error)  # noqa: TRY400  # its words say it all
        outbox.give_up(held)
    except (OSError, smtplib.SMTPException, SoftTimeLimitExceeded) as error:
        _give_back(held, _explain(error))
    except Exception:
        log.exception("mail %s (%s): a fault on our side", mail_id, held.mail.kind)
        _give_back(held, "see above")


def reconcile(most: int = outbox.MOST_AT_ONCE) -> Sequence[str]:
    """Ids of the mails to ring for, at most so many."""
    resets.answer_asked()
    for mail_id in outbox.give_up_silent():
        log.error("mail %s: given up, its worker was killed in the last attempt", mail_id)
    return outbox.take_unheard(most)


def forget_old() -> None:
    outbox.forget_old()
    resets.forget_old()
    transport: Transport = current_app.extensions["mail"]
    transport.forget_old(outbox.KEEP_DAYS)


def _deliver(held: Held) -> None:
    mail = held.mail
    person = db.session.get(User, mail.user_id, populate_existing=True)
    archive = db.session.get(Archive, mail.archive_id or "", populate_existing=True)
    db.session.commit()  # a server may take its time; hold no connection meanwhile
    if person is None:
        return  # deleted in this moment, and the mail's row with them
    if person.email is None or not _is_true_still(mail, person, archive):
        outbox.give_up(held)
        return
    transport: Transport = current_app.extensions["mail"]
    transport.deliver(compose(mail, person, archive), mail.id)
    outbox.finish(held)


def _is_true_still(mail: Mail, person: User, archive: Archive | None) -> bool:
    """Nobody needs to hear of an archive that can be downloaded, or an account to finish, when that is over."""
    if mail.kind == MailKind.SIGN_UP:
        return not person.is_proven
    if mail.kind in {MailKind.READY, MailKind.REMINDER}:
        return archive is not None and archive.state == State.READY
    return True


def _give_back(held: Held, words: str) -> None:
    """If even that fails, the lease runs out."""
    db.session.rollback()
    mail = held.mail
    if outbox.give_back(held):
        log.warning("mail %s (%s): attempt %s failed, tried again later: %s", mail.id, mail.kind, mail.attempt, words)
    else:
        log.error("mail %s (%s): given up after attempt %s: %s", mail.id, mail.kind, mail.attempt, words)


def _explain(error: BaseException) -> str:
    """For the log. What servers say may name addresses, and is left out; their codes tell enough."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"the server refused the recipient: {sorted(code for code, _ in error.recipients.values())}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__}: {error.smtp_code}"
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return f"{type(error).__name__}: {error.strerror or error}"
    return type(error).__name__
