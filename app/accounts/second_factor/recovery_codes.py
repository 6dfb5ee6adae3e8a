"""Ten codes on paper, for whoever has lost the app. Stored hashed, used once.

Each has 25 of 31 letters and digits, 123 bits. From 112 bits on a plain hash is enough (OWASP ASVS 5.0, 6.5.2), and
nobody guesses one: so they need no limit that would shut their owner out.
"""

import hashlib
import re
import secrets

from sqlalchemy import delete, func, select, update

from app.extensions import count_changed, db
from app.models import RecoveryCode
from app.models.columns import database_time

COUNT = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1, which look alike."""
LENGTH = 25
GROUP = 5


def replace(user_id: str) -> list[str]:
    """Ten new ones; earlier ones are worth nothing from here on. Does not commit."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
    remove(user_id)
    db.session.add_all(RecoveryCode(user_id=user_id, code_sha256=_hash(code)) for code in codes)
    return ["-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP)) for code in codes]


def remove(user_id: str) -> None:
    """Does not commit."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def spend(user_id: str, typed: str) -> bool:
    """Whether this was one that had not been used. Does not commit."""
    code = re.sub(r"[\s-]", "", typed).lower()
    mine = (RecoveryCode.user_id == user_id, RecoveryCode.code_sha256 == _hash(code), RecoveryCode.used_at.is_(None))
    return count_changed(update(RecoveryCode).where(*mine).values(used_at=database_time())) == 1


def count_left(user_id: str) -> int:
    unused = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(unused) or 0


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()
