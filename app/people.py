"""People come and go: accounts, passwords, sign-ins. Doors and the journal's import use it."""

import secrets

from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.extensions import db, password_hasher
from app.models import SignIn, User

PASSWORD_MIN = 15  # NIST SP 800-63B-4 for passwords without a second factor
PASSWORD_MAX = 128


class EmailTakenError(Exception):
    """An account with this e-mail address exists already."""


def normalize_email(email: str) -> str:
    return email.strip().lower()


def create_user(
    email: str, password: str | None, *, name: str = "", language: str = "en", time_zone: str = "UTC"
) -> User:
    """Add an account and commit. Raises EmailTakenError. Without a password nobody can sign in to it."""
    email = normalize_email(email)
    user = User(
        email=email,
        name=name.strip() or email.partition("@")[0],
        password_hash=password and password_hasher.hash(password),
        language=language,
        time_zone=time_zone,
    )
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        raise EmailTakenError(email) from error
    return user


def find_user(email: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == normalize_email(email)))


def check_password(email: str, password: str) -> User | None:
    """The person with this address and password, or None; takes as long for unknown addresses as for known ones."""
    user = find_user(email)
    db.session.commit()  # hashing takes a tenth of a second; hold no lock meanwhile
    known = user.password_hash if user else None
    try:
        password_hasher.verify(known or _DUMMY_HASH, password)
    except (VerificationError, InvalidHashError):
        return None
    return user if known else None


_DUMMY_HASH = password_hasher.hash(secrets.token_hex(16))


def record_sign_in(user: User, ip_address: str, user_agent: str) -> None:
    db.session.add(SignIn(user_id=user.id, ip_address=ip_address[:45], user_agent=user_agent[:400]))
    db.session.commit()
