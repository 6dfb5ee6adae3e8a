"""Encrypts the secrets of second factors: AES-GCM, with a key that HKDF derives from SECRET_KEY.

Sealed for one person: in another's row it does not open. SECRET_KEY_FALLBACKS, Flask's own setting, names earlier
keys: they open, and only SECRET_KEY seals. `reseal` moves all rows to it, and the earlier keys can go.
"""

import base64
import os
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

_NONCE_BYTES = 12
_PURPOSE = b"satchel: secrets of second factors"


class SealError(Exception):
    """Neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS opens it."""


def seal(content: bytes, owner: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + next(_ciphers()).encrypt(nonce, content, owner.encode())).decode()


def open_sealed(sealed: str, owner: str) -> bytes:
    """Raises SealError."""
    raw = base64.urlsafe_b64decode(sealed)
    for cipher in _ciphers():
        try:
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], owner.encode())
        except InvalidTag:
            continue
    raise SealError


def _ciphers() -> Iterator[AESGCM]:
    """The present key's first."""
    for key in (current_app.config["SECRET_KEY"], *(current_app.config["SECRET_KEY_FALLBACKS"] or ())):
        material = key if isinstance(key, bytes) else str(key).encode()
        yield AESGCM(HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(material))
