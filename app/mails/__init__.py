"""Sends the mails that `outbox` holds: what they say, and the ways by which they leave.

The door for Celery calls `sending`; `composing` makes the message from its row; a transport carries it to an SMTP
server, or into a folder where none is set. Nothing in a mail is text that somebody chose: an account may have been
made with another person's address, and must not become a way to write to that person.
"""

from urllib.parse import urlsplit

from flask import Flask

from app.mails.address import MailSettingError, read_address, read_mailbox
from app.mails.folder import MailFolder
from app.mails.smtp import SmtpServer
from app.mails.transport import Transport

__all__ = ["MailSettingError", "init_app"]


def init_app(app: Flask) -> None:
    """Raises MailSettingError."""
    base = app.config["PUBLIC_BASE_URL"]
    if base is not None:
        check_base(base)
    check_sender(app.config["MAIL_SENDER"], app.config["SITE_NAME"])
    app.extensions["mail"] = _make_transport(app)


def _make_transport(app: Flask) -> Transport:
    if app.config["MAIL_URL"] is None:
        return MailFolder(app.config["MAIL_DIR"])
    is_production = app.config["SESSION_COOKIE_SECURE"]
    server = SmtpServer(read_address(app.config["MAIL_URL"], demand_tls=is_production))
    if app.config["PUBLIC_BASE_URL"] is None:
        raise MailSettingError(
            "MAIL_URL is set, so mails leave this machine, and the links in them need PUBLIC_BASE_URL: "
            "the address of this site as people type it, such as https://satchel.example.org."
        )
    return server


def check_sender(sender: str | None, name: str) -> None:
    """Raises MailSettingError for what cannot stand in a header."""
    try:
        read_mailbox(sender or "no-reply@localhost", name)
    except ValueError as error:
        raise MailSettingError(
            "MAIL_SENDER must be an address such as satchel@example.org, and SITE_NAME one line."
        ) from error


def check_base(url: str) -> None:
    """Raises MailSettingError for what no link can begin with."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1)
    except ValueError:
        is_good = False
    if not is_good or parts.query or parts.fragment or parts.username is not None or not url.isprintable():
        raise MailSettingError("PUBLIC_BASE_URL must look like https://satchel.example.org, and is something else.")
