"""What a mail says: the same in both forms, links to this site's pages only, and nothing that people chose."""

import re
from collections.abc import Callable, Mapping
from email import message_from_string
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.config import SettingError
from app.extensions import db
from app.mails import composing, sending
from app.models import SUBJECTS, Archive, MailKind, User
from app.words.browsers import name_address, name_browser
from tests.conftest import PASSWORD
from tests.mails.conftest import load, read_folder, send_all, text_of

BASE = "https://satchel.example.org/journal"
HOSTILE = "<b>Win</b> https://evil.example CANARY\r\nBcc: everybody@example.org"
ARCHIVE = "c" * 64


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return {**sqlite_settings, "PUBLIC_BASE_URL": BASE, "SITE_NAME": "Satchel"}


@pytest.fixture
def compose(app: Flask, put: Callable[..., str], ann: User) -> Callable[..., EmailMessage]:
    def compose(kind: MailKind, *, archive: Archive | None = None, **values: Any) -> EmailMessage:
        about = ARCHIVE if "/archives/" in PAGES[kind] else None
        mail = load(put(kind, archive_id=about, **values))
        return composing.compose(mail, ann, archive)

    return compose


PAGES = {
    MailKind.REQUESTED: f"{BASE}/archives/{ARCHIVE}",
    MailKind.READY: f"{BASE}/archives/{ARCHIVE}",
    MailKind.FAILED: f"{BASE}/archives/{ARCHIVE}",
    MailKind.REMINDER: f"{BASE}/archives/{ARCHIVE}",
    MailKind.DOWNLOADED: f"{BASE}/archives/{ARCHIVE}",
    MailKind.SIGNED_IN: f"{BASE}/settings",
    MailKind.PASSWORD_CHANGED: f"{BASE}/settings",
    MailKind.FACTOR_ON: f"{BASE}/settings",
    MailKind.FACTOR_OFF: f"{BASE}/settings",
    MailKind.RECOVERY_CODES_MADE: f"{BASE}/settings",
    MailKind.SIGN_UP: f"{BASE}/sign-up/link#",
    MailKind.MEMBER: f"{BASE}/sign-in",
    MailKind.RESET: f"{BASE}/forgotten/link#",
}
WITHOUT_BROWSER = {
    MailKind.PASSWORD_CHANGED,
    MailKind.FACTOR_ON,
    MailKind.FACTOR_OFF,
    MailKind.RECOVERY_CODES_MADE,
}
WITH_CODE = {MailKind.SIGN_UP, MailKind.RESET}
NOT_YOU = set(MailKind) - {MailKind.READY, MailKind.FAILED, MailKind.REMINDER}


@pytest.mark.parametrize("kind", MailKind, ids=str)
def test_every_kind(compose: Callable[..., EmailMessage], kind: MailKind) -> None:
    message = compose(kind, ip_address="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux) Firefox/140.0")
    assert message.get_content_type() == "multipart/alternative"
    assert (message["From"], message["To"]) == ("Satchel <no-reply@satchel.example.org>", "ann@example.org")
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = text_of(message), text_of(message, "html")
    links = re.findall(r"https?://\S+", text)
    code = links[0].partition("#")[2]
    assert text.count(code) == (2 if kind in WITH_CODE else len(text) + 1)  # in the link, and below it
    assert links[0].startswith(PAGES[kind])
    assert all(link.startswith(f"{BASE}/") and "/download" not in link and "?" not in link for link in links)
    assert re.findall(r'href="([^"]+)"', html) == links
    visible = re.sub(r"(?s)<(title|style)>.*?</\1>|<[^>]+>", "", html).replace("&#39;", "'")
    assert visible.split() == f"Satchel {message['Subject']} {text}".split()
    assert ("If this wasn't you" in text) is (kind in NOT_YOU)
    assert ("Firefox on Linux at 192.0.2.7" in text) is (kind in NOT_YOU - WITHOUT_BROWSER)


def rename(person: User, **values: str) -> None:
    db.session.execute(sa.update(User).where(User.id == person.id).values(**values))
    db.session.commit()


def test_gaps_are_said(compose: Callable[..., EmailMessage]) -> None:
    whole = compose(MailKind.READY, archive=Archive(gap_count=0))
    gaps = compose(MailKind.READY, archive=Archive(gap_count=3))
    assert (whole["Subject"], gaps["Subject"]) == (
        "Your archive is ready",
        "Your archive is ready, but some items are missing",
    )
    assert ("could not be read" in text_of(whole), "could not be read" in text_of(gaps)) == (False, True)


@pytest.mark.parametrize("kind", MailKind, ids=str)
def test_nothing_in_it_was_chosen_by_a_person(compose: Callable[..., EmailMessage], ann: User, kind: MailKind) -> None:
    rename(ann, name=HOSTILE[:80])
    message = compose(kind, ip_address=HOSTILE, user_agent=HOSTILE)
    assert not re.search("CANARY|evil|Bcc|<b>", bytes(message).decode())


def test_a_template_that_repeats_a_browsers_words_would_be_seen(
    compose: Callable[..., EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(composing, "name_browser", lambda text: text)
    assert "evil.example" in text_of(compose(MailKind.SIGNED_IN, ip_address="::1", user_agent=HOSTILE))


@pytest.mark.parametrize(
    "address",
    ["ann@example.org\r\nBcc: b@example.org", "ann@example.org\nX: y", "a@b, c@d", "ann"],
    ids=["CRLF", "LF", "two", "none"],
)
def test_an_address_cannot_bring_headers(
    app: Flask, put: Callable[..., str], ann: User, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    """Such a row is given up, with a line for the operator."""
    mail_id = put()
    rename(ann, email=address)
    sending.send(mail_id)
    assert load(mail_id).given_up_at
    assert f"mail {mail_id} (password_changed): given up" in caplog.text
    assert read_folder(app) == []


def test_a_message_put_together_by_hand_would_bring_them() -> None:
    """The control."""
    by_hand = "To: {}\r\n\r\nHello".format("ann@example.org\r\nBcc: b@example.org")
    assert message_from_string(by_hand)["Bcc"] == "b@example.org"


def test_a_host_header_does_not_say_where_links_lead(app: Flask, ann: User) -> None:
    app.test_client().post(
        "/sign-in",
        data={"email": "ann@example.org", "password": PASSWORD},
        base_url="https://evil.example",
        headers={"X-Forwarded-Host": "evil.example"},
    )
    send_all()
    (message,) = read_folder(app)
    assert message["Subject"] == "There was a new sign-in to your account"
    assert "evil" not in bytes(message).decode()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; like Mac OS X) Version/26.0 Safari/604.1", "Safari on an iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/26.0 Safari/605.1", "Safari on macOS"),
        ("curl/8", "an unknown browser"),
    ],
    ids=["edge", "chrome", "iphone", "macos", "curl"],
)
def test_browsers_have_names(agent: str, words: str) -> None:
    assert name_browser(agent) == words


def test_addresses_are_addresses() -> None:
    assert (name_address("2001:db8::1"), name_address("evil.example")) == ("2001:db8::1", "an unknown address")


WRONG = {
    "no base": ({"MAIL_URL": "smtp://localhost"}, "PUBLIC_BASE_URL"),
    "no host": ({"PUBLIC_BASE_URL": "https://"}, "PUBLIC_BASE_URL must look like"),
    "a path only": ({"PUBLIC_BASE_URL": "/journal"}, "PUBLIC_BASE_URL must look like"),
    "a script": ({"PUBLIC_BASE_URL": "javascript://x"}, "PUBLIC_BASE_URL must look like"),
    "a query": ({"PUBLIC_BASE_URL": "https://a.example?b"}, "PUBLIC_BASE_URL must look like"),
    "a line": ({"PUBLIC_BASE_URL": "https://a.example/\nb"}, "PUBLIC_BASE_URL must look like"),
    "a name": ({"PUBLIC_BASE_URL": "https://me@a.example"}, "PUBLIC_BASE_URL must look like"),
    "no port": ({"PUBLIC_BASE_URL": "https://a.example:port"}, "PUBLIC_BASE_URL must look like"),
    "no scheme": ({"MAIL_URL": "mail.example.org"}, "MAIL_URL cannot be used"),
    "no sender": ({"MAIL_SENDER": "Satchel\r\nBcc: x@y.example"}, "MAIL_SENDER"),
    "two senders": ({"MAIL_SENDER": "a@b.example, c@d.example"}, "MAIL_SENDER"),
}


@pytest.mark.parametrize("name", WRONG)
def test_settings_that_cannot_work_stop_the_start(sqlite_settings: Mapping[str, Any], name: str) -> None:
    wrong, words = WRONG[name]
    with pytest.raises(SettingError, match=words):
        create_app({**sqlite_settings, **wrong})


def test_settings_that_work(sqlite_settings: Mapping[str, Any]) -> None:
    app = create_app({**sqlite_settings, "MAIL_URL": "smtp://localhost", "PUBLIC_BASE_URL": BASE})
    assert app.extensions["mail"]


CHOSEN = {"without": ["comment"], "since": "2026-01-01", "files": False, "formats": ["json"]}


@pytest.mark.parametrize("kind", [MailKind.REQUESTED, MailKind.READY, MailKind.REMINDER], ids=str)
def test_what_was_chosen_is_said_as_on_the_page(compose: Callable[..., EmailMessage], kind: MailKind) -> None:
    less, everything = (text_of(compose(kind, archive=Archive(chosen=chosen))) for chosen in (CHOSEN, None))
    told = "What was chosen: Everything but: Comments · From January 1, 2026 on · Without pictures and files · JSON"
    assert told in less
    assert "What was chosen: Everything · Report, JSON, and CSV" in everything
    assert "everything" not in less.lower().replace(told.lower(), "")
    vietnamese = text_of(compose(kind, archive=Archive(chosen=CHOSEN, locale="vi")))
    assert "Nội dung đã chọn: Tất cả, trừ: Bình luận" in vietnamese


def test_the_report_calls_a_mail_by_its_subject(compose: Callable[..., EmailMessage]) -> None:
    assert {kind: compose(kind)["Subject"] for kind in MailKind} == SUBJECTS


def test_a_template_for_every_kind_and_a_kind_for_every_template() -> None:
    names = set(composing._templates().list_templates()) - {"mail.html", "not_you.txt"}
    assert names == {f"{kind}.txt" for kind in MailKind}
