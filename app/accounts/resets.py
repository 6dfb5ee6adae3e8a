"""Links by mail: for a forgotten password, and for a new account, whose address is proven by it. Each works once.

The page writes down what was typed and looks at no account, so it takes as long for unknown addresses as for known
ones. Beat looks afterwards whose address it is. The token is made by whoever sends the mail: it is in the mail only.
"""

import logging
import math
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import ColumnElement, Row, and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from app import audit, outbox
from app.accounts import credentials, people, sign_ins
from app.extensions import begin_write, count_changed, db
from app.models import MailKind, PasswordReset, ResetRequest, User, What, Wish
from app.models.columns import database_time, fit_origin

log = logging.getLogger(__name__)

ASKED_AN_HOUR = 5
"""So often an address can be asked for; strangers may use that up at once."""
VALID_SECONDS = 3600
"""As long as the hour of ASKED_AN_HOUR: whoever cannot ask for another link has one that works."""
UNPROVEN_SECONDS = 86_400
"""So long an address is kept to which a link was sent and nobody has followed one."""


@dataclass
class _Room:
    """For links to addresses without an account, of all who ask: the site cannot be made to write to the whole world.

    Counted once for all that are answered together: each might be one of a flood. Two workers may count at once.
    """

    most: int
    left: float
    refused: int = 0

    def take(self) -> bool:
        if self.left < 1:
            self.refused += 1
            return False
        self.left -= 1
        return True

    def tell_refused(self) -> None:
        """The page says the same as ever; operators are told, by one line."""
        if self.refused:
            log.error(
                "%s links for new accounts are not sent: %s in an hour are enough (SIGN_UP_MAILS_PER_HOUR)",
                self.refused,
                self.most,
            )


def ask(email: str, ip_address: str, user_agent: str, wish: Wish = Wish.PASSWORD, locale: str | None = None) -> None:
    """Somebody has typed this address. Its owner is written to before long, if what was asked for can be.

    `locale`: of the page. Whoever has no account is written to in it, and everybody else as their settings say.
    """
    db.session.commit()
    email = people.normalize_email(email)[: people.EMAIL_MAX]
    db.session.add(ResetRequest(email=email, wish=wish, locale=locale, **fit_origin(ip_address, user_agent)))
    db.session.commit()


def answer_asked() -> None:
    """Write the mails that were asked for, each in its own transaction. Nobody gets one whose account is locked."""
    db.session.commit()
    asked = db.session.scalars(select(ResetRequest.id).order_by(ResetRequest.id).limit(outbox.MOST_AT_ONCE)).all()
    if not asked:
        return
    room = _find_room()
    try:
        for request_id in asked:
            _answer_or_forget(request_id, room)
    finally:
        room.tell_refused()


def _answer_or_forget(request_id: str, room: _Room) -> None:
    """One that cannot be answered keeps no other waiting."""
    try:
        _answer(request_id, room)
    except OperationalError:
        raise  # the database is away: all that are left wait
    except Exception:
        db.session.rollback()
        log.exception("request %s for a link cannot be answered, and is forgotten", request_id)
        _take(request_id)
    db.session.commit()


def _find_room() -> _Room:
    most: int | None = current_app.config["SIGN_UP_MAILS_PER_HOUR"]
    return _Room(most, most - outbox.count_lately(MailKind.SIGN_UP)) if most else _Room(0, math.inf)


def _answer(request_id: str, room: _Room) -> None:
    asked = _take(request_id)
    if asked is None:
        return  # another worker was faster
    kind, person = _choose(asked.wish, asked.email, asked.locale, room)
    if person is None:
        return
    outbox.put(kind, person.id, ip_address=asked.ip_address, user_agent=asked.user_agent)
    if kind == MailKind.RESET:
        audit.record(What.RESET_REQUESTED, person.id, by=audit.NOBODY)


def _take(request_id: str) -> Row[str, Wish, str | None, str, str] | None:
    """It is gone with the commit."""
    begin_write()
    return db.session.execute(delete(ResetRequest).where(ResetRequest.id == request_id).returning(*_ASKED)).first()


_ASKED = (
    ResetRequest.email,
    ResetRequest.wish,
    ResetRequest.locale,
    ResetRequest.ip_address,
    ResetRequest.user_agent,
)


def _choose(wish: Wish, email: str, locale: str | None, room: _Room) -> tuple[MailKind, User | None]:
    """Which mail, and to whom; None: to nobody."""
    member = people.find_user(email)
    if member is None and wish == Wish.ACCOUNT:
        return MailKind.SIGN_UP, _find_or_add_unproven(email, locale) if room.take() else None
    is_open = member is not None and member.is_active
    return MailKind.RESET if wish == Wish.PASSWORD else MailKind.MEMBER, member if is_open else None


def _find_or_add_unproven(email: str, locale: str | None) -> User | None:
    """In the language that they were last asked in. None: the account was made in this moment."""
    unproven = select(User).where(User.email == email, ~User.is_proven)
    person = db.session.scalar(unproven)
    if person is None:
        _insert_unproven(email)
        person = db.session.scalar(unproven)
    if person is not None and locale is not None:
        person.language = locale
        db.session.flush()
    return person


def _insert_unproven(email: str) -> None:
    """Another worker may answer somebody else who typed the same at this moment; then its row counts."""
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[db.engine.dialect.name]
    row = dialect.insert(User).values(email=email, name=people.name_of(email), is_proven=False)
    db.session.execute(row.on_conflict_do_nothing(index_elements=[User.email]))


def issue(user_id: str) -> str:
    """The token of a new link. Links that were issued before stay valid as long as they would."""
    token = sign_ins.new_token()
    db.session.commit()
    row = PasswordReset(user_id=user_id, token_sha256=sign_ins.hash_token(token), at=database_time())
    db.session.add(row)
    db.session.commit()
    return token


def find(token: str, wish: Wish = Wish.PASSWORD) -> User | None:
    """Who may choose a password by this token. None: it was used, it is too old, for another wish, or of no use."""
    mine = select(User).join(PasswordReset, PasswordReset.user_id == User.id)
    return db.session.scalar(mine.where(_is_valid(token), _MAY_USE[wish]))


_MAY_USE: dict[Wish, ColumnElement[bool]] = {
    Wish.PASSWORD: and_(User.is_proven, User.password_hash.is_not(None)),
    Wish.ACCOUNT: ~User.is_proven,
}


def use(token: str, password: str) -> bool:
    """Whether it was replaced. Then every link and every sign-in of that person has ended, in the same transaction."""
    person = find(token)
    db.session.commit()
    if person is None:
        return False
    password_hash = people.hash_password(password)
    begin_write()
    if not _spend(token, person, Wish.PASSWORD):  # hashing takes long enough for an operator to lock the account
        db.session.rollback()
        return False
    credentials.replace_password(person.id, password_hash)
    db.session.commit()
    return True


def finish_account(token: str, password: str, *, name: str, language: str, time_zone: str) -> User | None:
    """The account whose address this token proves. None: it cannot be used, or not any more."""
    person = find(token, Wish.ACCOUNT)
    db.session.commit()
    if person is None:
        return None
    password_hash = people.hash_password(password)
    begin_write()
    if not _spend(token, person, Wish.ACCOUNT):
        db.session.rollback()
        return None
    person.name, person.language, person.time_zone = name, language, time_zone
    person.password_hash, person.is_proven = password_hash, True
    db.session.flush()
    db.session.execute(delete(PasswordReset).where(PasswordReset.user_id == person.id))
    audit.record(What.ACCOUNT_MADE, person.id)
    db.session.commit()
    return person


def _spend(token: str, person: User, wish: Wish) -> bool:
    """Whether it could be used still. The account comes first, as for all who change it: so nobody waits in a ring."""
    held = select(User.id).where(User.id == person.id, _MAY_USE[wish]).with_for_update(key_share=True)
    if db.session.scalar(held) is None:
        return False
    return count_changed(delete(PasswordReset).where(_is_valid(token))) == 1


def forget_old() -> None:
    """Links that nobody has used in time, and the addresses that were never proven."""
    begin_write()
    db.session.execute(delete(PasswordReset).where(PasswordReset.at < database_time(-VALID_SECONDS)))
    has_link = select(PasswordReset.id).where(PasswordReset.user_id == User.id).exists()
    is_asked_for = has_link | outbox.waits_for(User.id)
    old = (~User.is_proven, User.created_at < database_time(-UNPROVEN_SECONDS), ~is_asked_for)
    # Whoever writes a mail to one holds it, and is seen by the statement that deletes.
    held = db.session.scalars(select(User.id).where(*old).with_for_update(skip_locked=True)).all()
    db.session.execute(delete(User).where(User.id.in_(held), *old).execution_options(synchronize_session=False))
    db.session.commit()


def _is_valid(token: str) -> ColumnElement[bool]:
    known = PasswordReset.token_sha256 == sign_ins.hash_token(token)
    return and_(known, PasswordReset.at > database_time(-VALID_SECONDS))
