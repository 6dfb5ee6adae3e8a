"""Where mails leave the machine, an address is proven before it has an account; nobody learns whether it has one."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.accounts import people, resets
from app.extensions import db
from app.mails import sending
from app.mails.folder import MailFolder
from app.models import AuditRow, Mail, PasswordReset, ResetRequest, User, What, Wish
from app.models.columns import database_time
from app.web import sign_up
from tests.conftest import PASSWORD
from tests.web.conftest import Send, SignIn, hand_over
from tests.web.test_forgotten import statements

BASE = "https://satchel.example.org"
CHOSEN = {"name": "Lan", "password": PASSWORD, "time_zone": "UTC"}
LAN = "lan@example.org"


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return {**any_database, "MAIL_URL": "smtp://127.0.0.1:9", "PUBLIC_BASE_URL": BASE}


@pytest.fixture(autouse=True)
def into_a_folder(app: Flask) -> None:
    """What would go to the server."""
    app.extensions["mail"] = MailFolder(app.config["MAIL_DIR"])


def ask(client: FlaskClient, email: str = LAN) -> str:
    answer = client.post("/sign-up", data={"email": email})
    assert answer.status_code == 200, answer.text
    return answer.text


def link_in(text: str) -> str:
    found = re.search(rf"{BASE}(/sign-up/link#\S+)", text)
    assert found, text
    return found[1]


def finish(client: FlaskClient, link: str, **other: str) -> int:
    hand_over(client, link)
    return client.post("/sign-up/finish", data={**CHOSEN, **other}).status_code


def accounts(app: Flask) -> list[tuple[str | None, bool]]:
    with app.app_context():
        return [(user.email, user.is_proven) for user in db.session.scalars(sa.select(User).order_by(User.id))]


def test_the_whole_way(app: Flask, client: FlaskClient, send: Send) -> None:
    assert 'name="password"' not in client.get("/sign-up").text
    assert "A mail is on its way to the address that you entered." in ask(client, " LAN@example.org ")
    (text,) = send()
    assert hand_over(client, link_in(text)) == 303
    assert "Its address is lan@example.org." in client.get("/sign-up/finish").text
    refused = client.post("/sign-up/finish", data={**CHOSEN, "password": "lan@example.org is me"})
    assert (refused.status_code, "which others know about you" in refused.text) == (422, True)
    done = client.post("/sign-up/finish", data=CHOSEN)
    assert (done.status_code, done.location) == (302, "/journal")
    assert "Welcome, Lan. This is your journal." in client.get("/journal").text
    assert accounts(app) == [(LAN, True)]
    with app.app_context():
        assert What.ACCOUNT_MADE in set(db.session.scalars(sa.select(AuditRow.what)))
        assert people.check_password(LAN, PASSWORD)


def test_before_that_there_is_no_account(
    app: Flask, client: FlaskClient, sign_in: SignIn, ann: User, send: Send
) -> None:
    ask(client)
    send()
    assert client.post("/sign-in", data={"email": LAN, "password": PASSWORD}).status_code == 422
    client.post("/forgotten", data={"email": LAN})
    assert len(send()) == 1
    share = {"title": "By the sea", "visibility": "chosen", "readers": LAN}
    unknown = sign_in(ann).post("/journal/new", data={**share, "readers": "nobody@example.org"})
    known = sign_in(ann).post("/journal/new", data=share)
    pages = {answer.text.replace("nobody@", "lan@") for answer in (unknown, known)}
    assert all("There is a problem" in page for page in pages)
    assert len({re.sub(r'name="csrf_token" value="[^"]+"', "", page) for page in pages}) == 1
    with app.app_context():
        token = resets.issue(db.session.scalars(sa.select(User.id).where(User.email == LAN)).one())
        assert (resets.find(token), resets.use(token, PASSWORD)) == (None, False)
        assert resets.find(token, Wish.ACCOUNT)


def test_a_member_is_told_so_and_the_page_says_the_same(
    app: Flask, client: FlaskClient, ann: User, send: Send
) -> None:
    assert ask(client, "ann@example.org") == ask(client)
    (member, unknown) = sorted(send(), key=lambda text: "/sign-up/link#" in text)
    assert "There is one already. Sign in to it here:" in member
    assert f"{BASE}/sign-in" in member
    assert "Choose its name and password here." in unknown
    with app.app_context():
        token = resets.issue(ann.id)
        assert resets.find(token, Wish.ACCOUNT) is None


def test_whoever_has_no_account_is_written_to_in_the_language_of_the_page(
    app: Flask, client: FlaskClient, ann: User, send: Send
) -> None:
    """Whoever has one, in that of their settings: a stranger could ask in any."""
    client.set_cookie("language", "vi")
    client.post("/sign-up", data={"email": LAN})
    client.post("/sign-up", data={"email": "ann@example.org"})
    (member, unknown) = sorted(send(), key=lambda text: "/sign-up/link#" in text)
    assert "There is one already. Sign in to it here:" in member
    assert "Hãy đặt tên và mật khẩu tại đây." in unknown
    client.set_cookie("language", "en")
    client.post("/sign-up", data={"email": LAN})
    assert sum("Choose its name and password here." in text for text in send()) == 1  # the page's that they saw last
    with app.app_context():
        resets.ask("minh@example.org", "192.0.2.1", "Firefox", Wish.ACCOUNT)  # as an earlier version has
    assert sum("Choose its name and password here." in text for text in send()) == 2


def test_a_locked_account_gets_no_mail(app: Flask, client: FlaskClient, send: Send) -> None:
    with app.app_context():
        people.create_user(LAN, None)
    ask(client)
    assert send() == []


@pytest.mark.usefixtures("ann")
def test_known_and_unknown_send_the_same_to_the_database(app: Flask, client: FlaskClient) -> None:
    """The control: whoever looks for the account first is seen."""

    def create(email: str) -> None:
        with app.app_context():
            try:
                people.create_user(email, PASSWORD)
            except people.EmailTakenError:
                db.session.rollback()

    known, unknown = "ann@example.org", "nobody@example.org"
    assert statements(app, lambda: ask(client, known)) == statements(app, lambda: ask(client, unknown)) != []
    assert statements(app, lambda: create(known)) != statements(app, lambda: create(unknown))


def test_of_two_links_one_makes_the_account(app: Flask, client: FlaskClient, send: Send) -> None:
    ask(client)
    ask(client)
    first, second = (link_in(text) for text in send())
    assert finish(client, first) == 302
    other = app.test_client()
    assert [finish(other, link, password="the password of somebody else") for link in (first, second)] == [410, 410]
    with app.app_context():
        assert people.check_password(LAN, PASSWORD)


def test_a_link_gets_old_and_the_address_goes(app: Flask, client: FlaskClient, send: Send) -> None:
    ask(client)
    (text,) = send()
    with app.app_context():
        db.session.execute(sa.update(PasswordReset).values(at=database_time(-3610)))
        db.session.commit()
    assert finish(client, link_in(text)) == 410
    with app.app_context():
        sending.forget_old()
    assert accounts(app) == [(LAN, False)]
    with app.app_context():
        db.session.execute(sa.update(User).values(created_at=database_time(-86_410)))
        db.session.commit()
        sending.forget_old()
        assert db.session.scalars(sa.select(Mail)).all() == []
    assert accounts(app) == []


def test_an_address_stays_as_long_as_its_mail_waits(app: Flask, client: FlaskClient) -> None:
    """However long ago it was first typed. The control: the mail is given up, and it goes."""
    ask(client)
    with app.app_context():
        resets.answer_asked()
        db.session.execute(sa.update(User).values(created_at=database_time(-86_410)))
        db.session.commit()
        sending.forget_old()
        assert db.session.scalars(sa.select(Mail.sent_at)).all() == [None]
        db.session.execute(sa.update(Mail).values(given_up_at=database_time()))
        db.session.commit()
        sending.forget_old()
    assert accounts(app) == []


@pytest.mark.parametrize(
    ("fault", "left", "kept"),
    [(ValueError("a fault"), [], [LAN]), (OperationalError("SELECT", None, Exception("away")), ["x@y.org", LAN], [])],
    ids=["of one address", "control: of the database, for all"],
)
def test_one_that_cannot_be_answered_holds_nobody_back(
    app: Flask, client: FlaskClient, fault: Exception, left: list[str], kept: list[str]
) -> None:
    def refuse(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "x@y.org" in str(values):
            raise fault

    ask(client, "x@y.org")
    ask(client)
    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", refuse)
        try:
            resets.answer_asked()
        except OperationalError:
            db.session.rollback()
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", refuse)
        assert db.session.scalars(sa.select(ResetRequest.email).order_by(ResetRequest.id)).all() == left
    assert [email for email, _ in accounts(app)] == kept


@pytest.mark.parametrize(("most", "written"), [(1, 1), (0, 3), (None, 3)], ids=["one", "control: 0", "control: None"])
def test_strangers_get_so_many_mails_an_hour(
    app: Flask,
    client: FlaskClient,
    ann: User,
    send: Send,
    caplog: pytest.LogCaptureFixture,
    most: int | None,
    written: int,
) -> None:
    """Of all who ask together; the page says the same, members are written to, and operators are told once of all."""
    app.config["SIGN_UP_MAILS_PER_HOUR"] = most
    pages = {ask(client, email) for email in ("a@example.org", "b@example.org", "c@example.org", "ann@example.org")}
    texts = send()
    assert len(pages) == 1
    assert len([text for text in texts if "Choose its name" in text]) == written
    assert len([text for text in texts if "There is one already" in text]) == 1
    told = [record.getMessage() for record in caplog.records if "SIGN_UP_MAILS_PER_HOUR" in record.getMessage()]
    assert [each.partition(":")[0] for each in told] == ["2 links for new accounts are not sent"] * (most == 1)
    assert len(accounts(app)) == written + 1


def test_a_flood_is_counted_once(app: Flask, client: FlaskClient) -> None:
    """All mails of an hour are looked at for that. The control: what is done for each stands there for each."""
    emails = [f"{number}@example.org" for number in range(4)]
    for email in emails:
        ask(client, email)
    with app.app_context():
        sent = statements(app, resets.answer_asked)
    assert sum("DELETE FROM reset_request" in each for each in sent) == len(emails)
    assert sum("count(*)" in each and "mail.user_id" not in each for each in sent) == 1


def test_who_is_overtaken_is_told(
    app: Flask, client: FlaskClient, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other of two links finishes the account after this form was sent, and before it is saved."""
    ask(client)
    ask(client)
    first, second = (link_in(text) for text in send())
    hash_password = people.hash_password

    def be_overtaken(password: str) -> str:
        monkeypatch.undo()
        assert finish(app.test_client(), second) == 302
        return hash_password(password)

    monkeypatch.setattr(people, "hash_password", be_overtaken)
    hand_over(client, first)
    gone = client.post("/sign-up/finish", data={**CHOSEN, "name": "Somebody else"})
    assert (gone.status_code, "If you have finished your account, sign in" in gone.text) == (410, True)
    with app.app_context():
        assert db.session.scalars(sa.select(User.name)).all() == ["Lan"]


def test_a_late_mail_is_not_sent_to_who_has_finished(app: Flask, client: FlaskClient, send: Send) -> None:
    ask(client)
    link = link_in(send()[0])
    ask(client)
    with app.app_context():
        resets.answer_asked()
    assert finish(client, link) == 302
    assert len([text for text in send() if "Choose its name" in text]) == 1


def test_an_operator_makes_the_account_all_the_same(app: Flask, client: FlaskClient, send: Send) -> None:
    ask(client)
    link = link_in(send()[0])
    with app.app_context():
        people.create_user(LAN, PASSWORD)
    assert accounts(app) == [(LAN, True)]
    assert finish(client, link) == 410


def test_an_address_that_is_none_is_said(client: FlaskClient) -> None:
    answer = client.post("/sign-up", data={"email": "nobody"})
    assert (answer.status_code, "This is not an e-mail address" in answer.text) == (422, True)


class TestLimits:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        more = {"RATELIMIT_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"}
        return {**sqlite_settings, **more, "MAIL_URL": "smtp://127.0.0.1:9", "PUBLIC_BASE_URL": BASE}

    @pytest.mark.usefixtures("ann")
    @pytest.mark.parametrize("email", ["ann@example.org", LAN], ids=["known", "unknown"])
    def test_an_address_is_written_to_five_times_an_hour(self, client: FlaskClient, email: str) -> None:
        codes = [
            client.post(
                "/sign-up", data={"email": email}, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"}
            ).status_code
            for number in range(6)
        ]
        assert codes == [200] * 5 + [429]

    @pytest.mark.parametrize(
        ("most", "taken"), [(50, 5), (20, 3), (None, 6)], ids=["a tenth", "so many at least", "control: no limit"]
    )
    @pytest.mark.parametrize("line", ["192.0.2.{}", "2001:db8:{}::1"], ids=["IPv4", "IPv6"])
    def test_one_line_does_not_use_up_what_all_have(
        self, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, line: str, most: int | None, taken: int
    ) -> None:
        """Or nobody could sign up for the rest of the hour. Of IPv6 one line has many networks."""
        app.config["SIGN_UP_MAILS_PER_HOUR"] = most
        monkeypatch.setattr(sign_up, "LEAST_SHARE", 3)

        def ask_from(address: str, number: int) -> int:
            form = {"email": f"{number}@example.org"}
            return client.post("/sign-up", data=form, environ_base={"REMOTE_ADDR": address}).status_code

        codes = [ask_from(line.format(1).replace("::", f":{number}::"), number) for number in range(6)]
        assert codes == [200] * taken + [429] * (6 - taken)
        assert ask_from(line.format(2), 6) == 200


class TestTwoWorkersAtOnce:
    """On SQLite one waits for the other."""

    @pytest.fixture
    def settings(self, postgresql_settings: dict[str, Any]) -> dict[str, Any]:
        return {**postgresql_settings, "MAIL_URL": "smtp://127.0.0.1:9", "PUBLIC_BASE_URL": BASE}

    @pytest.fixture(autouse=True)
    def other_worker(self, app: Flask, client: FlaskClient) -> None:
        """Adds the person just before this one does."""
        ask(client)
        waiting = [User(email=LAN, name="lan", is_proven=False)]

        def add(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith('INSERT INTO "user"') and waiting:
                other = waiting.pop()
                with app.app_context():
                    db.session.add(other)
                    db.session.commit()

        with app.app_context():
            sa.event.listen(db.engine, "before_cursor_execute", add)

    def test_both_write_to_the_same_person(self, app: Flask, send: Send, caplog: pytest.LogCaptureFixture) -> None:
        (text,) = send()
        assert link_in(text)
        assert accounts(app) == [(LAN, False)]
        assert caplog.text == ""

    def test_a_plain_insert_would_lose_the_mail(
        self, send: Send, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control. And what the log says of it names nobody."""
        monkeypatch.setattr(resets, "_insert_unproven", insert_plainly)
        assert send() == []
        assert "duplicate key value violates unique constraint" in caplog.text
        assert LAN not in caplog.text


def insert_plainly(email: str) -> None:
    db.session.execute(sa.insert(User).values(email=email, name="lan", is_proven=False))
