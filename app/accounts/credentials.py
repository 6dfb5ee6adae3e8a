"""What lets a person in is changed: the password, the second factor. One transaction each, ended sign-ins included.

So whoever is killed in between has changed nothing: no sign-in outlives what it began with. And whoever has checked
the earlier password changes nothing once it is another one.
"""

from sqlalchemy import delete, update

from app import audit, outbox
from app.accounts import sign_ins
from app.accounts.passwords import least_length
from app.accounts.people import hash_password
from app.accounts.second_factor import checking, setting_up
from app.accounts.second_factor.checking import WrongCodeError
from app.extensions import begin_write, db
from app.models import MailKind, PasswordReset, User, What


def change_password(
    person: User, password: str | None, *, checked: bool = False, but: str | None = None, drop_factor: bool = False
) -> bool:
    """Whether it was changed; then the person is told by mail, and is signed out everywhere.

    `password`: None locks the account, and nobody is told. `checked`: the present one was given, and has to be that
    which `person` was loaded with; the new one has to be long enough for the factors that the account has now.
    `but`: the id of the sign-in that goes on. `drop_factor`: the second one goes, too.
    """
    db.session.commit()  # hashing takes a tenth of a second; hold no lock meanwhile
    password_hash = password and hash_password(password)
    begin_write()
    is_allowed = not checked or (sign_ins.hold_password(person) and _is_long_enough(person.id, password, drop_factor))
    if is_allowed:
        replace_password(person.id, password_hash, but=but, drop_factor=drop_factor)
    db.session.commit()
    return is_allowed


def _is_long_enough(user_id: str, password: str | None, drop_factor: bool) -> bool:
    """The second factor for which it may be shorter could have gone since. Say `hold_password` before."""
    has_factor = not drop_factor and checking.is_on(user_id)
    return len(password or "") >= least_length(has_second_factor=has_factor)


def replace_password(
    user_id: str, password_hash: str | None, *, but: str | None = None, drop_factor: bool = False
) -> None:
    """As `change_password`, of one that is hashed already. The commit is the caller's, and follows.

    Whoever knew the old password may also have seen a second factor being set up, or hold a link for another password:
    neither is worth anything from here on.
    """
    db.session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))
    db.session.execute(delete(PasswordReset).where(PasswordReset.user_id == user_id))
    setting_up.forget_pending(user_id)
    had_factor = drop_factor and setting_up.remove(user_id)
    if password_hash:
        outbox.put(MailKind.PASSWORD_CHANGED, user_id)
    sign_ins.mark_ended(user_id, but=but)
    dropped = [audit.Event(What.FACTOR_OFF, user_id)] if had_factor else []
    audit.record_all([audit.Event(What.PASSWORD_CHANGED if password_hash else What.ACCOUNT_LOCKED, user_id), *dropped])


def switch_on_factor(user_id: str, code: str, *, but: str | None = None) -> list[str]:
    """The recovery codes, to be shown once; every sign-in has ended, `but` the one with this id.

    The app has the secret, as its code shows. Raises WrongCodeError.
    """
    begin_write()
    try:
        codes = setting_up.mark_on(user_id, code)
    except WrongCodeError:
        db.session.rollback()
        raise
    _end_others(What.FACTOR_ON, user_id, but)
    return codes


def switch_off_factor(person: User, *, but: str | None = None) -> bool:
    """Whether there was one to switch off. Its recovery codes go with it, and all sign-ins `but` this one end.

    The password that was given has to be that which `person` was loaded with.
    """
    begin_write()
    was_on = sign_ins.hold_password(person) and setting_up.remove(person.id)
    if was_on:
        _end_others(What.FACTOR_OFF, person.id, but)
    else:
        db.session.rollback()
    return was_on


def _end_others(what: What, user_id: str, but: str | None) -> None:
    """Those had begun under other terms. Commits."""
    sign_ins.mark_ended(user_id, but=but)
    audit.record(what, user_id)
    db.session.commit()
