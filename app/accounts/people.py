"""People come and go: accounts, and whether a password is theirs. Doors and the journal's import use it."""

import secrets
from collections.abc import Iterable
from functools import cache
from zoneinfo import available_timezones

from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app import audit
from app.accounts.passwords import hashing
from app.extensions import begin_write, db, password_hasher
from app.models import User, What

NAME_MAX = 80
EMAIL_MAX = 254


class EmailTakenError(Exception):
    """An account with this e-mail address exists already."""


def normalize_email(email: str) -> str:
    return email.strip().lower()


def create_user(
    email: str, password: str | None, *, name: str = "", language: str = "en", time_zone: str = "UTC"
) -> User:
    """Add an account and commit. Raises EmailTakenError. Without a password nobody can sign in to it."""
    email = normalize_email(email)
    db.session.commit()  # hashing takes a tenth of a second; hold no lock meanwhile
    user = User(
        email=email,
        name=name.strip() or name_of(email),
        password_hash=password and hash_password(password),
        language=language,
        time_zone=time_zone,
    )
    begin_write()
    db.session.execute(delete(User).where(User.email == email, ~User.is_proven))
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError as error:
        db.session.rollback()
        raise EmailTakenError(email) from error
    audit.record(What.ACCOUNT_MADE, user.id)
    db.session.commit()
    return user


def name_of(email: str) -> str:
    """What an account is called whose person has not said it."""
    return email.partition("@")[0][:NAME_MAX]


def find_user(email: str) -> User | None:
    """As the database has it now, whatever this session has loaded before."""
    known = select(User).where(User.email == normalize_email(email), User.is_proven)
    return db.session.scalar(known.execution_options(populate_existing=True))


def hold_person(user_id: str) -> None:
    """In a write transaction that begins here: whoever else holds them waits, so what was looked for and is not there
    stays so until the commit.
    """
    begin_write()  # what SQLite waits by
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def find_users(emails: Iterable[str]) -> list[User]:
    """The people with these addresses; unknown addresses are left out."""
    wanted = {normalize_email(each) for each in emails}
    return list(db.session.scalars(select(User).where(User.email.in_(wanted), User.is_proven)))


@cache
def time_zones() -> tuple[str, ...]:
    """UTC, then the zones that are named after places; the rest are old names of the same."""
    regions = {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
    named = sorted(zone for zone in available_timezones() if zone.partition("/")[0] in regions and "/" in zone)
    return ("UTC", *named)


def has_people() -> bool:
    return db.session.scalar(select(User.id).limit(1)) is not None


def change_settings(user: User, *, name: str, language: str, time_zone: str) -> None:
    user.name = name
    user.language = language
    user.time_zone = time_zone
    db.session.commit()


def hash_password(password: str) -> str:
    """It takes a tenth of a second and 64 MiB, so only some are done at once; hold no lock meanwhile."""
    with hashing:
        return password_hasher.hash(password)


def ensure_authors(names: Iterable[str]) -> dict[str, str]:
    """Ids of people who are known by name only and cannot sign in; made where there is none. Does not commit."""
    wanted = set(names)
    known = select(User.name, User.id).where(User.email.is_(None), User.name.in_(wanted)).order_by(User.id.desc())
    ids: dict[str, str] = dict(db.session.execute(known).all())
    for name in sorted(wanted - ids.keys()):
        author = User(name=name)
        db.session.add(author)
        db.session.flush()
        ids[name] = author.id
    return ids


def check_password(email: str, password: str) -> User | None:
    """The person with this address and password, or None; takes as long for unknown addresses as for known ones.

    The person's `password_hash` is that which was checked: what is done on the strength of it compares that again.
    """
    user = find_user(email)
    db.session.commit()  # hashing takes a tenth of a second; hold no lock meanwhile
    known = user.password_hash if user else None
    expected = known or _dummy_hash()
    try:
        with hashing:
            password_hasher.verify(expected, password)
    except (VerificationError, InvalidHashError):
        _record_refusal(user)
        return None
    if user is None or known is None:
        return None
    if password_hasher.check_needs_rehash(known):  # made when less was thought to be enough
        _hash_anew(user, known, password)
    return user


def _hash_anew(user: User, known: str, password: str) -> None:
    """The password stays what it is; unless it was changed, or the account locked, in this moment."""
    again = hash_password(password)
    begin_write()
    same = (User.id == user.id, User.password_hash == known)
    db.session.execute(update(User).where(*same).values(password_hash=again))
    db.session.commit()


def _record_refusal(user: User | None) -> None:
    """Also where nobody has this address: otherwise the time would tell."""
    what = What.CONFIRMATION_REFUSED if audit.acting().sign_in_id else What.SIGN_IN_REFUSED
    begin_write()
    audit.record(what, user.id if user else None)
    db.session.commit()


@cache
def _dummy_hash() -> str:
    return hash_password(secrets.token_hex(16))
