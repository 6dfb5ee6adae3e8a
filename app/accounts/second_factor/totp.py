"""Codes that an app makes of a secret and the time: RFC 6238 with SHA-1, six digits, half a minute each.

Every authenticator app knows these; some silently ignore other choices, and show wrong codes.
"""

import base64
import hmac
import re
import secrets

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS = 30
DIGITS = 6
SKEW = 1
"""A clock may be so many steps off, and typing takes its time."""
SECRET_BYTES = 20
"""As many as SHA-1 gives, as RFC 4226 recommends."""
CODE = re.compile(rf"[0-9]{{{DIGITS}}}")


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    return _totp(secret).generate(step * STEP_SECONDS).decode()


def find_step(secret: bytes, code: str, at: float) -> int | None:
    """The step whose code this is; `at`: now, in seconds since 1970. All are compared, whichever it is."""
    now = int(at) // STEP_SECONDS
    steps = range(now - SKEW, now + SKEW + 1)
    return max((step for step in steps if hmac.compare_digest(code_at(secret, step), code)), default=None)


def spell(secret: bytes) -> str:
    """For whoever cannot scan: Base32 in groups of four letters."""
    letters = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def address(secret: bytes, *, site: str, account: str) -> str:
    """The `otpauth://` address that apps read from a QR code."""
    return _totp(secret).get_provisioning_uri(account, site)


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  # what apps know; HMAC does not lean on collisions
