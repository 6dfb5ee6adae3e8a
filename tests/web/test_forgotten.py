"""A forgotten password is replaced by a link in a mail: once, soon, and without telling who has an account."""

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import credentials, people, resets, sign_ins
from app.accounts.second_factor import setting_up
from app.extensions import db
from app.mails import sending
from app.models import Mail, MailKind, PasswordReset, ResetRequest, User
from app.models.columns import database_time
from app.web import mailed_links
from tests.conftest import PASSWORD
from tests.web.conftest import Send, SignIn, hand_over

NEW_PASSWORD = "another password altogether"


def ask(client: FlaskClient, email: str = "ann@example.org") -> str:
    answer = client.post("/forgotten", data={"email": email})
    assert answer.status_code == 200
    return answer.text


def link_in(text: str) -> str:
    found = re.search(r"http://localhost:8000(/forgotten/link#\S+)", text)
    assert found, text
    return found[1]


def choose(client: FlaskClient, password: str = NEW_PASSWORD) -> Any:
    return client.post("/forgotten/new-password", data={"password": password})


def can_sign_in(client: FlaskClient, password: str) -> bool:
    return client.post("/sign-in", data={"email": "ann@example.org", "password": password}).status_code == 302


def test_a_second_try_of_the_mail_leaves_the_first_link_valid(
    app: Flask, client: FlaskClient, ann: User, send: Send
) -> None:
    ask(client)
    first = link_in(send()[0])
    with app.app_context():
        db.session.execute(sa.update(Mail).values(sent_at=None, rung_at=None))  # the worker died before it said so
        db.session.execute(sa.update(Mail).values(due_at=database_time(-1)))
        db.session.commit()
    (again,) = send()
    assert link_in(again) != first
    hand_over(client, first)
    assert choose(client).status_code == 303


def test_a_link_gets_old(app: Flask, client: FlaskClient, ann: User, send: Send) -> None:
    ask(client)
    hand_over(client, link_in(send()[0]))
    turn_back(app, 3590)
    assert client.get("/forgotten/new-password").status_code == 200
    turn_back(app, 3610)
    assert client.get("/forgotten/new-password").status_code == 410
    gone = choose(client)
    assert (gone.status_code, "works no longer" in gone.text) == (410, True)
    assert can_sign_in(client, PASSWORD)
    with app.app_context():
        sending.forget_old()
        assert db.session.scalars(sa.select(PasswordReset)).all() == []


def turn_back(app: Flask, seconds: float) -> None:
    with app.app_context():
        db.session.execute(sa.update(PasswordReset).values(at=database_time(-seconds)))
        db.session.commit()


def test_who_is_overtaken_is_told(
    app: Flask, client: FlaskClient, ann: User, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link was good when the form was sent, and used by somebody else before it was saved. Nothing is changed.

    The control: nobody is faster.
    """
    ask(client)
    hand_over(client, link_in(send()[0]))
    hash_password = people.hash_password

    def be_overtaken(password: str) -> str:
        monkeypatch.undo()
        with app.app_context():
            db.session.execute(sa.delete(PasswordReset))
            db.session.commit()
        return hash_password(password)

    monkeypatch.setattr(people, "hash_password", be_overtaken)
    gone = choose(client)
    assert (gone.status_code, "works no longer" in gone.text, "just now" in gone.text) == (410, True, True)
    assert can_sign_in(client, PASSWORD)
    with app.app_context():
        token = resets.issue(ann.id)
    hand_over(client, f"/forgotten/link#{token}")
    assert choose(client).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "é" * 43, "' OR 1=1 --", "\x00"], ids=["none", "x", "é", "sql", "nul"])
def test_a_made_up_token_opens_nothing(app: Flask, client: FlaskClient, ann: User, token: str) -> None:
    with app.app_context():
        resets.issue(ann.id)
    assert client.post("/forgotten/link", data={"code": token}).status_code == (410 if token.strip() else 422)
    assert choose(client).status_code == 410


@pytest.mark.parametrize("around", ["{}", " {}\n", "http://localhost:8000/forgotten/link#{}"])
def test_the_code_or_the_whole_link_may_be_pasted(app: Flask, client: FlaskClient, ann: User, around: str) -> None:
    with app.app_context():
        pasted = around.format(resets.issue(ann.id))
    opened = client.post("/forgotten/link", data={"code": pasted})
    assert (opened.status_code, opened.location) == (303, "/forgotten/new-password")
    assert choose(client).status_code == 303


def test_a_token_in_a_query_opens_nothing(app: Flask, client: FlaskClient, ann: User) -> None:
    """As links had it once. The control: it is good where it is handed over."""
    with app.app_context():
        token = resets.issue(ann.id)
    for path in ("/forgotten/new-password", "/forgotten/link"):
        client.get(path, query_string={"token": token, "code": token})
        gone = client.get("/forgotten/new-password")
        assert (gone.status_code, "works no longer" in gone.text) == (410, True)
    assert hand_over(client, f"/forgotten/link#{token}") == 303
    assert choose(client).status_code == 303


def test_the_database_does_not_hold_the_token(app: Flask, client: FlaskClient, ann: User, send: Send) -> None:
    ask(client)
    token = link_in(send()[0]).partition("#")[2]
    assert len(token) >= 43
    with app.app_context():
        for model in (PasswordReset, Mail, ResetRequest):
            for row in db.session.scalars(sa.select(model)):
                assert not any(token in str(getattr(row, column.key)) for column in model.__table__.columns)
        stored = db.session.scalars(sa.select(PasswordReset.token_sha256)).one()
        assert (resets.find(stored), resets.find(token) is not None) == (None, True)


def test_another_password_ends_what_was_begun(app: Flask, client: FlaskClient, ann: User, send: Send) -> None:
    """Whoever knew the old one, or has read the mail, gets no further."""
    ask(client)
    hand_over(client, link_in(send()[0]))
    with app.app_context():
        seen = setting_up.begin(ann.id)
        credentials.change_password(db.session.get_one(User, ann.id), "a password that she chose herself")
        assert setting_up.begin(ann.id) not in {seen, None}
    assert choose(client).status_code == 410
    assert not can_sign_in(client, NEW_PASSWORD)


def test_what_others_know_of_the_owner_is_refused(client: FlaskClient, ann: User, send: Send) -> None:
    ask(client)
    hand_over(client, link_in(send()[0]))
    answer = choose(client, "ann@example.org is me")
    assert (answer.status_code, "which others know about you" in answer.text) == (422, True)


def test_a_locked_account_stays_locked(app: Flask, client: FlaskClient, ann: User, send: Send) -> None:
    ask(client)
    hand_over(client, link_in(send()[0]))
    with app.app_context():
        credentials.change_password(db.session.get_one(User, ann.id), None)
    assert choose(client).status_code == 410
    ask(client)
    assert len(send()) == 1
    assert not can_sign_in(client, NEW_PASSWORD)


def test_known_and_unknown_are_answered_alike(app: Flask, client: FlaskClient, ann: User, send: Send) -> None:
    known = ask(client)
    assert known == ask(client, "nobody@example.org")
    assert len(send()) == 1
    with app.app_context():
        assert db.session.scalars(sa.select(ResetRequest)).all() == []
        assert db.session.scalars(sa.select(Mail.kind)).all() == [MailKind.RESET]


def test_the_token_reaches_no_log_and_no_other_site(
    app: Flask,
    client: FlaskClient,
    ann: User,
    send: Send,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    ask(client)
    link = link_in(send()[0])
    token = link.partition("#")[2]
    page = client.get("/forgotten/link")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    opened = client.post("/forgotten/link", data={"code": token})
    assert (opened.headers["Referrer-Policy"], token in opened.location) == ("no-referrer", False)
    page = client.get(opened.location)
    assert token not in page.text
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(mailed_links, "url_for", lambda _: 1 / 0)
    assert hand_over(client, link) == 500
    assert ("Fault" in caplog.text, token in caplog.text) == (True, False)


def test_asking_at_random_costs_nothing_but_a_row(app: Flask, client: FlaskClient, send: Send) -> None:
    for email in ("x" * 5000, "x\x00y", "a@b\r\nBcc: c@d", "é@example.org"):
        ask(client, email)
    assert client.post("/forgotten", data={"email": " "}).status_code == 422
    assert send() == []


def statements(app: Flask, deed: Callable[[], object]) -> list[str]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        deed()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return sent


class TestOnBothDatabases:
    @pytest.fixture
    def settings(self, any_database: dict[str, Any]) -> dict[str, Any]:
        return any_database

    def test_the_whole_way(self, client: FlaskClient, sign_in: SignIn, ann: User, send: Send) -> None:
        assert 'href="/forgotten"' in client.get("/sign-in").text
        elsewhere = sign_in(ann)
        ask(client, " ANN@example.org ")
        *_, text = send()
        assert hand_over(client, link_in(text)) == 303
        assert "Your account is ann@example.org" in client.get("/forgotten/new-password").text
        assert "too short" in choose(client, "short").text
        done = choose(client)
        assert (done.status_code, done.location) == (303, "/sign-in")
        assert elsewhere.get("/journal").status_code == 302
        assert not can_sign_in(client, PASSWORD)
        assert can_sign_in(client, NEW_PASSWORD)
        assert "The password of your account at Satchel was changed." in "\n".join(send())

    @pytest.mark.usefixtures("ann")
    def test_a_link_works_once(self, client: FlaskClient, send: Send) -> None:
        ask(client)
        ask(client)
        first, second = (link_in(text) for text in send())
        assert first != second
        hand_over(client, first)
        assert choose(client).status_code == 303
        for link in (first, second):
            assert hand_over(client, link) == 410
            assert choose(client, "a third password of somebody").status_code == 410
        assert can_sign_in(client, NEW_PASSWORD)

    def test_two_at_once_use_a_link_once(self, app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
        with app.app_context():
            token = resets.issue(ann.id)
            hash_password = people.hash_password

            def be_overtaken(password: str) -> str:
                monkeypatch.undo()
                with app.app_context():
                    assert resets.use(token, "the faster one of the two")
                return hash_password(password)

            monkeypatch.setattr(people, "hash_password", be_overtaken)
            assert not resets.use(token, NEW_PASSWORD)
        assert can_sign_in(app.test_client(), "the faster one of the two")

    @pytest.mark.usefixtures("ann")
    def test_known_and_unknown_send_the_same_to_the_database(self, app: Flask, client: FlaskClient) -> None:
        """So they take the same time on any machine. The control: whoever looks for the account is seen."""

        def look(email: str) -> None:
            with app.app_context():
                person = people.find_user(email)
                if person is not None:
                    sign_ins.list_open(person.id)

        known, unknown = "ann@example.org", "nobody@example.org"
        assert statements(app, lambda: ask(client, known)) == statements(app, lambda: ask(client, unknown)) != []
        assert statements(app, lambda: look(known)) != statements(app, lambda: look(unknown))


class TestLimits:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "RATELIMIT_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"}

    @pytest.mark.usefixtures("ann")
    @pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"], ids=["known", "unknown"])
    def test_an_address_is_written_to_five_times_an_hour(self, client: FlaskClient, email: str) -> None:
        def ask_from(address: str, email: str) -> int:
            return client.post("/forgotten", data={"email": email}, environ_base={"REMOTE_ADDR": address}).status_code

        codes = [ask_from(f"192.0.2.{number}", f" {email.upper()}" if number % 2 else email) for number in range(6)]
        assert codes == [200] * 5 + [429]
        assert ask_from("192.0.2.1", "other@example.org") == 200

    @pytest.mark.usefixtures("ann")
    @pytest.mark.parametrize(("seconds", "status"), [(3600, 200), (1800, 410)], ids=["an hour", "control: half of it"])
    def test_strangers_never_keep_the_owner_out(
        self, app: Flask, client: FlaskClient, send: Send, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int
    ) -> None:
        """Who has used up the hour's mails in a moment leaves the owner with a link, until mails can be asked for."""
        monkeypatch.setattr(resets, "VALID_SECONDS", seconds)
        stranger = {"REMOTE_ADDR": "192.0.2.1"}
        for _ in range(resets.ASKED_AN_HOUR):
            client.post("/forgotten", data={"email": "ann@example.org"}, environ_base=stranger)
        link = link_in(send()[-1])
        refused = client.post("/forgotten", data={"email": "ann@example.org"})
        assert refused.status_code == 429
        turn_back(app, int(refused.headers["Retry-After"]) - 1)
        hand_over(client, link)
        assert client.get("/forgotten/new-password").status_code == status

    def test_somebody_asks_ten_times_a_minute(self, client: FlaskClient) -> None:
        codes = [
            client.post("/forgotten", data={"email": f"{number}@example.org"}).status_code for number in range(11)
        ]
        assert codes == [200] * 10 + [429]
