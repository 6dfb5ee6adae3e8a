"""The second factor in front of pages: set up, sign in, confirm, recover, switch off."""

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts import credentials, people, resets
from app.accounts.second_factor import setting_up
from app.extensions import db
from app.journal.entries import Draft, add_entry
from app.models import Mail, MailKind, SecondFactor, User
from app.models import SignIn as SignInRow
from app.models.columns import database_time
from app.web.policy import POLICY, Access
from tests.conftest import PASSWORD
from tests.second_factor.factor import Factor, forget_step, switch_on
from tests.web.conftest import SignIn
from tests.web.factor_pages import FACTOR_PAGES, OFF, RENEW, SET_UP, confirm_set_up
from tests.web.test_safety import find_token

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = "eight ch"
NEW = "a new password that is long"
CODES = re.compile(r"<li><code>([a-z2-9-]{29})</code></li>")


@pytest.fixture
def factor(app: Flask, ann: User) -> Factor:
    with app.app_context():
        return switch_on(ann)


@pytest.fixture
def half(app: Flask, ann: User, factor: Factor) -> FlaskClient:
    """A browser that has given the right password."""
    client = app.test_client()
    token = find_token(client.get("/sign-in").text)
    form = {"email": ann.email, "password": PASSWORD, "csrf_token": token}
    answer = client.post("/sign-in?next=/archives/", data=form)
    assert (answer.status_code, answer.location) == (302, "/sign-in/code?next=/archives/")
    return client


def is_in(client: FlaskClient) -> bool:
    return client.get("/journal").status_code == 200


def count_sign_ins(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(select(SignInRow.id)).all())


def age(app: Flask) -> None:
    """The last confirmation of everybody was long ago."""
    with app.app_context():
        db.session.execute(update(SignInRow).values(confirmed_at=database_time(-601)))
        db.session.commit()


class TestSigningIn:
    def test_it_takes_the_code(self, app: Flask, half: FlaskClient, factor: Factor) -> None:
        assert (is_in(half), count_sign_ins(app)) == (False, 0)
        assert "Your code, please" in half.get("/sign-in/code").text
        wrong = half.post("/sign-in/code", data={"code": factor.wrong()})
        assert (wrong.status_code, "not right, or it was used already" in wrong.text) == (422, True)
        assert (is_in(half), count_sign_ins(app)) == (False, 0)
        right = half.post("/sign-in/code?next=/archives/", data={"code": factor.code()})
        assert (right.location, is_in(half), count_sign_ins(app)) == ("/archives/", True, 1)

    def test_the_password_alone_would_be_enough_without_a_factor(self, client: FlaskClient, ann: User) -> None:
        """The control."""
        client.post("/sign-in", data={"email": ann.email, "password": PASSWORD})
        assert is_in(client)

    @pytest.mark.usefixtures("factor")
    def test_a_wrong_password_tells_nothing_of_the_factor(self, app: Flask, ann: User) -> None:
        answers = [
            app.test_client().post("/sign-in", data={"email": email, "password": "not that one"})
            for email in (ann.email, "nobody@example.org")
        ]
        assert {answer.status_code for answer in answers} == {422}
        known, unknown = (re.sub(r"\S+@example.org|value=\S{60,}", "…", answer.text) for answer in answers)
        assert known == unknown

    def test_a_recovery_code_does_as_well(self, half: FlaskClient, factor: Factor) -> None:
        half.post("/sign-in/code", data={"code": factor.recovery_codes[0]})
        assert "You have used a recovery code. 9 of 10 recovery codes are left." in half.get("/settings").text

    def test_half_a_session_lasts_five_minutes(self, half: FlaskClient, factor: Factor) -> None:
        with half.session_transaction() as session:
            session["half_session"] |= {"at": session["half_session"]["at"] - 299}
        assert half.get("/sign-in/code").status_code == 200
        with half.session_transaction() as session:
            session["half_session"] |= {"at": session["half_session"]["at"] - 2}
        assert half.post("/sign-in/code", data={"code": factor.code()}).location == "/sign-in"
        assert not is_in(half)

    def test_a_copy_of_it_is_void_after_the_sign_in(self, app: Flask, half: FlaskClient, factor: Factor) -> None:
        thief = app.test_client()
        with half.session_transaction() as session, thief.session_transaction() as copied:
            copied.update(session)
        assert thief.get("/sign-in/code").status_code == 200
        half.post("/sign-in/code", data={"code": factor.code(-1)})
        assert thief.post("/sign-in/code", data={"code": factor.code()}).location == "/sign-in"
        assert (is_in(half), is_in(thief)) == (True, False)

    @pytest.mark.parametrize("password", [None, NEW])
    def test_it_is_void_after_another_password_or_none(
        self, app: Flask, half: FlaskClient, ann: User, factor: Factor, password: str | None
    ) -> None:
        with app.app_context():
            credentials.change_password(db.session.merge(ann), password)
        assert half.post("/sign-in/code", data={"code": factor.code()}).location == "/sign-in"
        assert not is_in(half)

    def test_too_many_wrong_codes(self, half: FlaskClient, factor: Factor) -> None:
        for _ in range(5):
            half.post("/sign-in/code", data={"code": factor.wrong()})
        waiting = half.post("/sign-in/code", data={"code": factor.code()})
        assert "Too many codes were wrong. Wait until" in waiting.text
        half.post("/sign-in/code", data={"code": factor.recovery_codes[0]})
        assert is_in(half)


class TestSettingUp:
    def test_from_off_to_on(self, app: Flask, sign_in: SignIn, ann: User) -> None:
        client, elsewhere = sign_in(ann), sign_in(ann)
        assert "Set up a second factor" in client.get("/settings").text
        confirm_set_up(client)
        page = client.get(SET_UP).text
        with app.app_context():
            factor = Factor(setting_up.find_pending(ann.id) or b"", [])
        assert client.post(SET_UP, data={"code": factor.wrong()}).status_code == 422
        assert find_letters(client.get(SET_UP).text) == find_letters(page)
        done = client.post(SET_UP, data={"code": factor.code()})
        codes = CODES.findall(done.text)
        assert (len(codes), is_in(client), is_in(elsewhere)) == (10, True, False)
        settings = client.get("/settings").text
        assert "10 of 10 recovery codes are left." in settings
        assert not any(code in settings for code in codes)
        confirm_set_up(client)
        assert client.get(SET_UP).location == "/settings"
        assert client.get("/settings/second-factor/qr.svg").status_code == 404

    def test_the_picture_obeys_the_policy_of_pages(self, sign_in: SignIn, ann: User) -> None:
        client = sign_in(ann)
        confirm_set_up(client)
        client.get(SET_UP)
        picture = client.get("/settings/second-factor/qr.svg")
        assert (picture.mimetype, picture.headers["Cache-Control"]) == ("image/svg+xml", "no-store, private")
        assert "<path" in picture.text
        assert "style" not in picture.text

    def test_a_copied_cookie_sets_up_nothing(self, app: Flask, sign_in: SignIn, ann: User) -> None:
        """Though the password was given a moment ago: it was not given for this."""
        client = sign_in(ann)
        thief = copy_cookie(app, client)
        asked = thief.get(SET_UP)
        assert asked.location == f"/confirm?deed=second_factor.set_up&next={SET_UP}"
        assert thief.get("/settings/second-factor/qr.svg").location.startswith("/confirm")
        assert thief.post(SET_UP, data={"code": "123456"}).location.startswith("/confirm")
        assert "Setting up begins as soon as you continue" in client.get(asked.location).text
        assert client.post(asked.location, data={"password": PASSWORD}).location == SET_UP
        assert client.get(SET_UP).status_code == 200
        assert thief.get(SET_UP).location.startswith("/sign-in")

    def test_where_any_confirmation_is_enough_it_would(
        self, app: Flask, sign_in: SignIn, ann: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control."""
        monkeypatch.setitem(POLICY, "second_factor.set_up", Access.CONFIRMED)
        thief = copy_cookie(app, sign_in(ann))
        assert thief.get(SET_UP).status_code == 200
        with app.app_context():
            secret = setting_up.find_pending(ann.id)
        assert secret
        thief.post(SET_UP, data={"code": Factor(secret, []).code()})
        assert has_factor(app)

    def test_what_was_shown_before_the_confirmation_is_worth_nothing(self, sign_in: SignIn, ann: User) -> None:
        client = sign_in(ann)
        confirm_set_up(client)
        seen = find_letters(client.get(SET_UP).text)
        confirm_set_up(client)
        assert find_letters(client.get(SET_UP).text) != seen

    def test_it_is_told_by_mail(self, app: Flask, sign_in: SignIn, ann: User) -> None:
        with app.app_context():
            factor = switch_on(ann)
        client = sign_in(ann)
        client.post(RENEW, data={"code": factor.code(-1)})
        client.post(OFF, data={"code": factor.code(), "current": PASSWORD})
        with app.app_context():
            told = set(db.session.scalars(select(Mail.kind))) - {MailKind.SIGNED_IN}
        assert told == {MailKind.FACTOR_ON, MailKind.RECOVERY_CODES_MADE, MailKind.FACTOR_OFF}


def copy_cookie(app: Flask, client: FlaskClient) -> FlaskClient:
    thief = app.test_client()
    with client.session_transaction() as session, thief.session_transaction() as copied:
        copied.update(session)
    return thief


def note_confirmation(client: FlaskClient) -> None:
    """As the page of confirmations does, where its form would need a token."""
    with client.session_transaction() as session:
        session["confirmed_for"] = "second_factor.set_up"


class TestRequired:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "SECOND_FACTOR_REQUIRED": True}

    def test_nothing_else_is_open_before(self, app: Flask, sign_in: SignIn, ann: User) -> None:
        client = sign_in(ann)
        for path in ("/journal", "/archives/", "/settings", "/settings/password"):
            assert client.get(path).location == SET_UP
        assert client.post("/archives/").location == SET_UP
        assert client.post("/confirm?deed=archives.create", data={"password": PASSWORD}).location == SET_UP
        confirm_set_up(client)
        page = client.get(SET_UP).text
        assert ("This site asks everybody for one" in page, "Not now" in page) == (True, False)
        with app.app_context():
            secret = setting_up.find_pending(ann.id)
        assert secret
        client.post(SET_UP, data={"code": Factor(secret, []).code()})
        assert is_in(client)

    @pytest.mark.parametrize(("refused", "code"), [("token", 400), ("size", 413), ("nothing", 403)])
    def test_no_error_brings_the_form_of_an_entry(
        self, app: Flask, sign_in: SignIn, ann: User, refused: str, code: int
    ) -> None:
        """What was typed comes back alone: it may have been begun before. The control: where none is required, the
        form comes, with the tags that there are.
        """
        app.config["WTF_CSRF_ENABLED"] = refused == "token"
        app.config["MAX_CONTENT_LENGTH"] = 2000 if refused == "size" else 100_000
        with app.app_context():
            add_entry(ann.id, Draft(title="Secret", body="", tags=["the-sea"]))
        form = {"title": " ", "body": "A long text"}
        for is_required in (True, False):
            app.config["SECOND_FACTOR_REQUIRED"] = is_required
            file = io.BytesIO(b"x" * 3000), "film.bin"
            answer = sign_in(ann).post(
                "/journal/new", data={**form, "files": file}, headers={"Sec-Fetch-Site": "same-origin"}
            )
            expected = 422 if refused == "nothing" and not is_required else code
            assert (answer.status_code, "A long text" in answer.text) == (expected, True)
            assert ("the-sea" in answer.text) is not is_required


def find_letters(page: str) -> str:
    return str(re.findall(r"<code>([A-Z2-7 ]+)</code>", page)[0])


class TestConfirming:
    def test_a_code_does_as_well_as_the_password(self, app: Flask, sign_in: SignIn, ann: User, factor: Factor) -> None:
        client = sign_in(ann)
        age(app)
        asked = client.get("/archives/unknown/download").location
        assert "From your app, or a recovery code." in client.get(asked).text
        assert client.post(asked, data={}).status_code == 422
        assert client.post(asked, data={"code": factor.wrong()}).status_code == 422
        with client.session_transaction() as session:
            before = session["_user_id"]
        assert client.post(asked, data={"code": factor.code()}).location == "/archives/unknown?begin=1"
        with client.session_transaction() as session:
            assert session["_user_id"] != before
        assert client.get("/archives/unknown/download").status_code == 404

    def test_who_has_none_is_not_asked_for_one(self, sign_in: SignIn, ann: User) -> None:
        client = sign_in(ann)
        assert 'name="code"' not in client.get("/confirm").text
        assert client.post("/confirm", data={"code": "123456"}).status_code == 422


class TestWithTheFactor:
    def test_a_reset_leaves_it_on(self, app: Flask, client: FlaskClient, ann: User, factor: Factor) -> None:
        """Whoever reads the mails has the password then, and not the code."""
        with app.app_context():
            assert resets.use(resets.issue(ann.id), NEW)
        entered = client.post("/sign-in", data={"email": ann.email, "password": NEW})
        assert (entered.location, is_in(client)) == ("/sign-in/code", False)
        client.post("/sign-in/code", data={"code": factor.code()})
        assert is_in(client)

    def test_new_recovery_codes_need_a_code(self, sign_in: SignIn, ann: User, factor: Factor) -> None:
        client = sign_in(ann)
        assert client.post(RENEW, data={"password": PASSWORD}).status_code == 422
        codes = CODES.findall(client.post(RENEW, data={"code": factor.code()}).text)
        assert len(codes) == 10
        assert not set(codes) & set(factor.recovery_codes)

    @pytest.mark.usefixtures("factor")
    def test_a_short_password_is_enough_while_it_is_on(self, app: Flask, sign_in: SignIn, ann: User) -> None:
        client = sign_in(ann)
        form = {"current": PASSWORD, "password": SHORT}
        assert client.post("/settings/password", data={**form, "password": SHORT[:7]}).status_code == 422
        assert client.post("/settings/password", data=form).status_code == 302
        with app.app_context():
            setting_up.remove(ann.id)
            db.session.commit()
        back = {"current": SHORT, "password": SHORT}
        assert client.post("/settings/password", data=back).status_code == 422  # the control: without it, it is not

    def test_switching_off_needs_password_and_code(
        self, app: Flask, sign_in: SignIn, ann: User, factor: Factor
    ) -> None:
        client, elsewhere = sign_in(ann), sign_in(ann)
        code = factor.code()
        for form in ({"current": PASSWORD}, {"code": code}, {"current": "not that one at all", "code": code}):
            assert client.post(OFF, data=form).status_code == 422
        assert client.post(OFF, data={"current": PASSWORD, "code": factor.wrong()}).status_code == 422
        assert has_factor(app)
        assert client.post(OFF, data={"current": PASSWORD, "code": code}).location == "/settings"
        assert (has_factor(app), is_in(client), is_in(elsewhere)) == (False, True, False)

    def test_a_short_password_is_not_left_alone(self, app: Flask, sign_in: SignIn, ann: User, factor: Factor) -> None:
        """And the code is not spent before that is said."""
        with app.app_context():
            credentials.change_password(db.session.merge(ann), SHORT)
        client, form = sign_in(ann), {"current": SHORT, "code": factor.code()}
        refused = client.post(OFF, data=form)
        assert "Your password has 8 characters. Without a second factor it needs 15" in refused.text
        assert client.post(OFF, data={**form, "password": "still short"}).status_code == 422
        assert has_factor(app)
        assert client.post(OFF, data={**form, "password": NEW}).status_code == 302
        assert not has_factor(app)
        with app.app_context():
            assert people.check_password(ann.email or "", NEW)

    def test_who_has_none_finds_nothing_to_switch_off(self, sign_in: SignIn, ann: User) -> None:
        for path in (RENEW, OFF):
            assert sign_in(ann).get(path).status_code == 404

    @pytest.mark.usefixtures("factor")
    def test_an_operator_takes_it_from_whoever_lost_everything(
        self, app: Flask, client: FlaskClient, sign_in: SignIn, ann: User
    ) -> None:
        signed_in, run = sign_in(ann), app.test_cli_runner().invoke
        short = run(args=["users", "password", "ann@example.org", "--password-stdin"], input=f"{SHORT}\n")
        assert short.exit_code == 0
        command = ["users", "drop-factor", "ann@example.org", "--password-stdin"]
        assert (run(args=command, input=f"{SHORT}\n").exit_code, has_factor(app)) == (1, True)
        assert (run(args=command, input=f"{NEW}\n").exit_code, has_factor(app)) == (0, False)
        assert not is_in(signed_in)
        client.post("/sign-in", data={"email": ann.email, "password": NEW})
        assert is_in(client)


def has_factor(app: Flask) -> bool:
    with app.app_context():
        return db.session.scalar(select(SecondFactor.switched_on_at)) is not None


class TestForms:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "WTF_CSRF_ENABLED": True}

    def test_none_is_taken_from_another_site(
        self, app: Flask, sign_in: SignIn, ann: User, bob: User, half: FlaskClient, factor: Factor
    ) -> None:
        """They lack this site's token, and nothing else: with it, each of them works."""
        anns, bobs = sign_in(ann), sign_in(bob)
        note_confirmation(bobs)
        bobs.get(SET_UP)
        with app.app_context():
            bobs_secret = setting_up.find_pending(bob.id)
        assert bobs_secret
        forms: list[tuple[FlaskClient, str, Callable[[], dict[str, str]]]] = [
            (bobs, SET_UP, lambda: {"code": Factor(bobs_secret, []).code()}),
            (half, "/sign-in/code", lambda: {"code": factor.code()}),
            (anns, RENEW, lambda: {"code": factor.code()}),
            (anns, OFF, lambda: {"code": factor.code(), "current": PASSWORD}),
        ]
        assert {path for _, path, _ in forms} == {*FACTOR_PAGES, "/sign-in/code"}
        for client, path, form in forms:
            with app.app_context():
                forget_step(ann)
            token = find_token(client.get(path).text)
            assert (path, client.post(path, data=form()).status_code) == (path, 400)
            assert client.post(path, data={**form(), "csrf_token": token}).status_code in {200, 302}, path

    def test_the_page_after_a_new_session_has_its_token(self, app: Flask, sign_in: SignIn, ann: User) -> None:
        """The recovery codes come with the answer that begins it; one can sign out from there."""
        client = sign_in(ann)
        note_confirmation(client)
        token = find_token(client.get(SET_UP).text)
        with app.app_context():
            secret = setting_up.find_pending(ann.id)
        assert secret
        shown = client.post(SET_UP, data={"code": Factor(secret, []).code(), "csrf_token": token})
        assert client.post("/sign-out", data={"csrf_token": find_token(shown.text)}).location == "/sign-in"
