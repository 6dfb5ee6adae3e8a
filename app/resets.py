"""Forgotten passwords: who asks gets a mail, and the link in it replaces the password, once and soon.

The page writes down what was typed and looks at no account, so it takes as long for unknown addresses as for known
ones. Beat looks afterwards whose address it is. The token is made by whoever sends the mail: it is in the mail only.
"""

from sqlalchemy import ColumnElement, and_, delete, select

from app import audit, outbox, people, sign_ins
from app.extensions import begin_write, count_changed, db
from app.models import MailKind, PasswordReset, ResetRequest, User, What
from app.models.columns import database_time, fit_origin

VALID_SECONDS = 1800


def ask(email: str, ip_address: str, user_agent: str) -> None:
    """Somebody has typed this address. If it is a member's, that person is written to before long."""
    db.session.commit()
    origin = fit_origin(ip_address, user_agent)
    db.session.add(ResetRequest(email=people.normalize_email(email)[: people.EMAIL_MAX], **origin))
    db.session.commit()


def answer_asked() -> None:
    """Write the mails that were asked for. Nobody gets one whose account is locked, or who has none."""
    begin_write()
    asked = db.session.execute(delete(ResetRequest).returning(*_ASKED)).all()
    requested = []
    for email, ip_address, user_agent in asked:
        person = people.find_user(email)
        if person is not None and person.is_active:
            outbox.put(MailKind.RESET, person.id, ip_address=ip_address, user_agent=user_agent)
            requested.append(audit.Event(What.RESET_REQUESTED, person.id, by=audit.NOBODY))
    audit.record_all(requested)
    db.session.commit()


_ASKED = (ResetRequest.email, ResetRequest.ip_address, ResetRequest.user_agent)


def issue(user_id: str) -> str:
    """The token of a new link. Links that were issued before stay valid as long as they would."""
    token = sign_ins.new_token()
    db.session.commit()
    row = PasswordReset(user_id=user_id, token_sha256=sign_ins.hash_token(token), at=database_time())
    db.session.add(row)
    db.session.commit()
    return token


def find(token: str) -> User | None:
    """Whose password this token may replace. None: it was used, it is too old, or the account is locked."""
    mine = select(User).join(PasswordReset, PasswordReset.user_id == User.id)
    return db.session.scalar(mine.where(_is_valid(token), User.password_hash.is_not(None)))


def use(token: str, password: str) -> bool:
    """Whether it was replaced. Then every link and every sign-in of that person has ended, in the same transaction."""
    person = find(token)
    db.session.commit()
    if person is None:
        return False
    password_hash = people.hash_password(password)
    begin_write()
    is_still_open = find(token) is not None  # hashing takes long enough for an operator to lock the account
    used = count_changed(delete(PasswordReset).where(_is_valid(token)))
    if not is_still_open or used != 1:
        db.session.rollback()
        return False
    person.password_hash = password_hash
    db.session.flush()  # rows before the audit, whose lock all others wait for
    sign_ins.mark_ended(person.id)
    people.keep_password(person, password_hash)
    return True


def forget_old() -> None:
    """Links that nobody has used in time."""
    begin_write()
    db.session.execute(delete(PasswordReset).where(PasswordReset.at < database_time(-VALID_SECONDS)))
    db.session.commit()


def _is_valid(token: str) -> ColumnElement[bool]:
    known = PasswordReset.token_sha256 == sign_ins.hash_token(token)
    return and_(known, PasswordReset.at > database_time(-VALID_SECONDS))
