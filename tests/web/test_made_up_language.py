"""Every page of the site, every page of a report and every mail, in a language in which each text is in brackets."""

import re
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import outbox
from app.archives import ledger, making, service, storage
from app.extensions import db
from app.mails import composing
from app.models import Archive, Cause, Entry, Mail, MailKind, State, User
from app.words import languages
from tests.languages.made_up import MADE_UP, find_untranslated, speak_made_up
from tests.second_factor.factor import switch_on
from tests.web.conftest import SignIn
from tests.web.test_policy import add_comment, requests

OF_PEOPLE = "avatar|who|language|time_zone|prose|entries|tag|codes"
OF_ROWS = "t-.*|machine|raw"
"""Cells of tables: what the database holds."""


@pytest.fixture
def made_up(app: Flask, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "languages").mkdir()
    with speak_made_up(tmp_path / "languages"):
        yield


@pytest.fixture
def zoe(made_up: None, make_person: Callable[..., User]) -> User:
    return make_person("7", language=MADE_UP)


def walk(app: Flask, browser: FlaskClient, own: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each page that answers in HTML, and each form that is sent with nothing in it."""
    for _, method, path in requests(app, own):
        if method == "POST" and not path.endswith(("/delete", "/remove", "/cancel", "/end", "/end-others")):
            answer = browser.post(path, data={}, headers={"Sec-Fetch-Site": "same-origin"})
        elif method == "GET":
            answer = browser.get(path, buffered=True)
        else:
            continue
        if answer.mimetype == "text/html" and not answer.location:
            yield f"{method} {path}", answer.text


def list_untranslated(pages: Iterator[tuple[str, str]], data: str = OF_PEOPLE) -> list[str]:
    found = {name: find_untranslated(html, data) for name, html in pages}
    assert len(found) > 5
    return [f"{name}: {words}" for name, words in found.items() if words]


def test_every_page_of_a_stranger(app: Flask, made_up: None) -> None:
    browser = app.test_client()
    browser.set_cookie("language", MADE_UP)
    assert list_untranslated(walk(app, browser, {})) == []


def test_every_page_of_a_member(app: Flask, sign_in: SignIn, zoe: User, write: Callable[..., Entry]) -> None:
    entry = write(zoe, "8", "9")
    with app.app_context():
        comment = add_comment(zoe.id, entry.id)
        own = {"comment_id": comment, "entry_id": entry.id, "attachment_id": entry.attachments[0].id}
        own["archive_id"] = service.request_archive(zoe.id)[0]
    assert list_untranslated(walk(app, sign_in(zoe), own)) == []
    with app.app_context():
        making.generate(zoe.id)
        switch_on(zoe)
    assert list_untranslated(walk(app, sign_in(zoe), own)) == []


def test_every_page_of_a_report(app: Flask, zoe: User, write: Callable[..., Entry]) -> None:
    """JSON and CSV are for other programs, and stay as they are."""
    write(zoe, "8", "9")
    with app.app_context():
        service.request_archive(zoe.id)
        held = ledger.claim(zoe.id)
        assert held
        ledger.fail(held, Cause.TOO_SLOW)
        service.request_archive(zoe.id)
        making.generate(zoe.id)
        archive = next(each for each in service.list_archives(zoe.id) if each.state == State.READY)
        [part] = service.list_parts(archive.id)
        with storage.open_published(part.file_name, part.sha256).file as file, zipfile.ZipFile(file) as packed:
            members = {
                name.partition("/")[2]: packed.read(name).decode("utf-8", "replace") for name in packed.namelist()
            }
    pages = ((name, text) for name, text in members.items() if name.endswith(".html"))
    assert list_untranslated(pages, f"{OF_PEOPLE}|{OF_ROWS}") == []
    assert '"title": "8"' in members["data/json/entry.json"].replace('":"', '": "')
    assert "⟦" not in members["data/coverage.json"] + members["data/json/entry.json"] + members["data/csv/entry.csv"]
    readme = [line for line in members["README.txt"].splitlines() if not line.startswith("  ")]  # those are commands
    assert find_untranslated("\n".join(readme)) == []
    assert '"⟦Yes⟧"' in members["viewer/words.js"]
    for table in ("archive", "audit"):  # codes are words to people, and stay codes to programs
        assert "⟦It took too long⟧" in members[f"{table}.html"]
        assert '"too_slow"' in members[f"data/json/{table}.json"]


@pytest.mark.parametrize("kind", MailKind, ids=str)
def test_every_mail(app: Flask, zoe: User, kind: MailKind) -> None:
    with app.app_context():
        outbox.put(kind, zoe.id, archive_id="c" * 64, ip_address="192.0.2.7", user_agent="Firefox/140.0")
        db.session.commit()
        message = composing.compose(db.session.query(Mail).one(), zoe, Archive(gap_count=1))
    assert message["Subject"].startswith("⟦")
    assert [find_untranslated(text) for text in bodies(message)] == [[], []]


def bodies(message: EmailMessage) -> list[str]:
    """Without what is no word of ours: the browser's name, and a link's code."""
    plain, html = (
        re.sub(r"\bFirefox\b|(?<![\w-])[\w-]{43}(?![\w-])", "", part.get_content()) for part in message.iter_parts()
    )
    return [f"<p>{plain}", html]


def test_words_that_are_not_translated_would_be_found(app: Flask, made_up: None) -> None:
    """The control: a text outside of brackets, and one that the catalogue lacks."""
    assert find_untranslated("<p>⟦Yes, ⟦many⟧ <b>words</b>⟧</p><code>bare</code>") == []
    assert find_untranslated("<p>⟦Yes⟧ bare</p>") == ["bare"]
    assert find_untranslated('<p title="Bare">⟦Yes⟧</p>') == ["Bare"]
    languages.read_catalogue(MADE_UP)._catalog.pop("Sign in")
    answer = app.test_client()
    answer.set_cookie("language", MADE_UP)
    text = answer.get("/sign-in").text
    assert "⟦" in text
    assert "Sign" in " ".join(find_untranslated(text)).split()
    assert "Settings" not in " ".join(find_untranslated(text))
