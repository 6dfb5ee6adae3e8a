"""A mail's row → the message. A template's first line is the subject; its paragraphs make both forms of the text."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from babel import Locale
from flask import current_app
from flask_babel import force_locale, get_locale, get_translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.accounts import resets
from app.choice_words import sum_up
from app.mails.address import read_mailbox
from app.mails.transport import RefusedError
from app.models import Archive, Mail, MailKind, User
from app.words import languages
from app.words.browsers import name_address, name_browser
from app.words.figures import number

_HTML = "mail.html"


def compose(mail: Mail, person: User, archive: Archive | None) -> EmailMessage:
    """Plain text and HTML, which say the same. Raises RefusedError for an address that is none.

    A mail about an archive is in the archive's language. Every other is in that of the person's settings, as they are
    when it is sent: somebody else may have caused it, from a browser in another language.
    """
    with force_locale((archive and archive.locale) or person.language):
        subject, paragraphs, html = _write(mail, archive)
    message = EmailMessage(policy=SMTP)
    message["From"] = _sender()
    message["To"] = _read_recipient(person.email or "")
    message["Subject"] = subject
    message["Date"] = mail.at
    message["Message-ID"] = f"<{mail.id}@{_base().hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(paragraphs) + "\n")
    message.add_alternative(html, subtype="html")
    return message


def _write(mail: Mail, archive: Archive | None) -> tuple[str, list[str], str]:
    """The subject, and what the mail says, as paragraphs of text and as HTML."""
    facts = _facts(mail, archive)
    text = _templates().get_template(f"{mail.kind}.txt").render(facts)
    subject, _, rest = text.partition("\n")
    paragraphs = [" ".join(each.split()) for each in rest.split("\n\n") if each.strip()]
    page = _templates().get_template(_HTML)
    language = languages.language_of(str(get_locale())).replace("_", "-")
    direction = Locale.parse(language, sep="-").text_direction
    html = page.render(
        subject=subject, paragraphs=paragraphs, site=facts["site"], language=language, direction=direction
    )
    return subject, paragraphs, html


def _read_recipient(recipient: str) -> Address:
    try:
        return read_mailbox(recipient)
    except ValueError as error:
        raise RefusedError("the recipient's address is none") from error


def _facts(mail: Mail, archive: Archive | None) -> dict[str, Any]:
    """What templates may say; none of it was chosen by a person."""
    code = resets.issue(mail.user_id) if mail.kind in _WITH_CODE else ""
    return {
        "site": current_app.config["SITE_NAME"],
        "link": _link(mail, code),
        "code": code,
        "forgotten": _url("forgotten.ask"),
        "is_from_browser": mail.ip_address is not None,
        "browser": name_browser(mail.user_agent or ""),
        "address": name_address(mail.ip_address or ""),
        "keep_days": current_app.config["ARCHIVE_KEEP_DAYS"],
        "number": number,
        "chosen": sum_up(archive.choices) if archive else "",
        "has_gaps": bool(archive and archive.gap_count),
        "valid_minutes": resets.VALID_SECONDS // 60,
    }


def _link(mail: Mail, code: str) -> str:
    """To a page, which asks who is there; never to a file. No server is sent what stands behind the #."""
    if mail.kind in _WITH_CODE:
        return f"{_url(_WITH_CODE[mail.kind])}#{code}"
    if mail.kind == MailKind.MEMBER:
        return _url("auth.sign_in")
    if mail.archive_id is not None:
        return _url("archives.show", archive_id=mail.archive_id)
    return _url("settings.index")


_WITH_CODE = {MailKind.RESET: "forgotten.open_link", MailKind.SIGN_UP: "auth.open_sign_up_link"}
"""The page where the code of such a mail is worth something."""


def _url(endpoint: str, **values: str) -> str:
    """No part of it comes from a request: whoever asks for a mail does not say where its links lead."""
    base = _base()
    urls = current_app.url_map.bind(base.netloc, base.path or "/", url_scheme=base.scheme)
    return urls.build(endpoint, values, force_external=True)


def _base() -> Any:
    return urlsplit(current_app.config["PUBLIC_BASE_URL"] or "http://localhost:8000")


def _sender() -> Address:
    sender = current_app.config["MAIL_SENDER"] or f"no-reply@{_base().hostname}"
    return read_mailbox(sender, current_app.config["SITE_NAME"])


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    languages.trim_messages(environment.policies)
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]  # of i18n
    return environment


def _gettext(text: str) -> str:
    """As Jinja wants it, which puts in the values itself."""
    return str(get_translations().gettext(text))


def _ngettext(one: str, many: str, number: int) -> str:
    return str(get_translations().ngettext(one, many, number))
