"""Codes that an app makes of a secret and the time: RFC 6238, six digits, half a minute each, by HMAC-SHA-256.

Some apps pass over the hash that a QR code names, and show codes by HMAC-SHA-1, which RFC 6238 has for those that say
nothing: Microsoft's and Authy's did in 2024, Google's no longer (keycloak/keycloak#27349, samdjstevens/java-totp#30).
"""

import base64
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 35
"""No fewer than the 32 that the hash gives (RFC 6238, 5.1), and Base32 without padding, which some apps refuse."""
CODE = re.compile(rf"[0-9]{{{DIGITS}}}")
OFFERED: Final = "SHA256"
LEGACY: Final = "SHA1"
_HASHES: dict[str, type[SHA1 | SHA256]] = {OFFERED: SHA256, LEGACY: SHA1}


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def step_at(at: float) -> int:
    """The half minute, counted from 1970; `at`: seconds since then."""
    return int(at) // STEP_SECONDS


def code_at(secret: bytes, step: int, hash_name: str = OFFERED) -> str:
    return _totp(secret, hash_name).generate(step * STEP_SECONDS).decode()


def find_step(secret: bytes, code: str, steps: Iterable[int], hash_name: str = OFFERED) -> int | None:
    """The latest of `steps` whose code this is. All are compared, whichever it is."""
    right = [step for step in steps if hmac.compare_digest(code_at(secret, step, hash_name), code)]
    return max(right, default=None)


def spell(secret: bytes) -> str:
    """For whoever cannot scan: Base32 in groups of four letters."""
    letters = base64.b32encode(secret).decode()
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def address(secret: bytes, *, site: str, account: str) -> str:
    """The `otpauth://` address that apps read from a QR code."""
    return _totp(secret, OFFERED).get_provisioning_uri(account, site)


def _totp(secret: bytes, hash_name: str) -> TOTP:
    return TOTP(secret, DIGITS, _HASHES[hash_name](), STEP_SECONDS)
