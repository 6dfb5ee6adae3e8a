"""Session cookies and tokens of forms are signed by HMAC-SHA-256; left to themselves, the libraries take SHA-1."""

import hashlib
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import Signer


def _sha256(string: bytes = b"") -> Any:
    return hashlib.sha256(string)


class SessionCookie(SecureCookieSessionInterface):
    digest_method = staticmethod(_sha256)


def init_app(app: Flask) -> None:
    app.session_interface = SessionCookie()
    Signer.default_digest_method = staticmethod(_sha256)  # Flask-WTF's tokens: no setting reaches them
