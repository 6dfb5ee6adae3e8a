import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from argon2 import Type, extract_parameters
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.people import create_user
from app.extensions import db, password_hasher
from app.models import SignIn as SignInRow
from app.models import User
from app.web.redirects import safe_next
from tests.conftest import PASSWORD
from tests.web.conftest import SignIn

NEW = {"name": "Ann", "email": "Ann@Example.org", "password": PASSWORD, "time_zone": "Asia/Ho_Chi_Minh"}


def count(app: Flask, model: type[Any]) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_sign_up_signs_in(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/sign-up", data=NEW)
    assert (answer.status_code, answer.location) == (302, "/journal")
    page = client.get("/journal").text
    assert "Welcome, Ann" in page
    with app.app_context():
        person = db.session.scalars(select(User)).one()
        assert (person.email, person.name, person.time_zone) == ("ann@example.org", "Ann", "Asia/Ho_Chi_Minh")
    assert count(app, SignInRow) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "Enter your name."),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"email": "nobody"}, "This is not an e-mail address"),
        ({"email": ""}, "Enter your e-mail address."),
        ({"password": "fourteen chars"}, "it has 14 of at least 15 characters"),
        ({"password": "x" * 129}, "at most 128 characters"),
        ({"time_zone": "Mars/Phobos"}, "Choose from the list"),
    ],
)
def test_sign_up_explains_what_is_wrong(app: Flask, client: FlaskClient, wrong: dict[str, str], words: str) -> None:
    answer = client.post("/sign-up", data={**NEW, **wrong})
    field = next(iter(wrong))
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert "There is a problem" in answer.text
    assert words in answer.text
    assert f'href="#{field}"' in answer.text
    assert re.search(rf'id="{field}"[^>]*aria-describedby="[^"]*{field}-error" aria-invalid="true"', answer.text)
    assert PASSWORD not in answer.text
    assert count(app, User) == 0


def test_sign_up_keeps_what_was_right(client: FlaskClient) -> None:
    page = client.post("/sign-up", data={**NEW, "password": "short"}).text
    assert 'value="Ann"' in page
    assert '<option value="Asia/Ho_Chi_Minh" selected>' in page


def test_sign_up_with_a_taken_address(app: Flask, client: FlaskClient, ann: User) -> None:
    answer = client.post("/sign-up", data=NEW)
    assert answer.status_code == 422
    assert "exists already" in answer.text
    assert count(app, User) == 1


def test_the_site_hashes_passwords_slowly() -> None:
    """As OWASP asks at least. The tests' own hasher, which conftest puts in its place, does not."""
    found = extract_parameters(password_hasher.hash(PASSWORD))
    assert (found.type, found.memory_cost >= 19 * 1024, found.time_cost >= 2) == (Type.ID, True, True)


def test_sign_in_is_recorded(app: Flask, client: FlaskClient, ann: User) -> None:
    data = {"email": " ANN@example.org ", "password": PASSWORD}
    answer = client.post("/sign-in", data=data, headers={"User-Agent": "Test browser"})
    assert answer.location == "/journal"
    assert client.get("/journal").status_code == 200
    with app.app_context():
        row = db.session.scalars(select(SignInRow)).one()
        assert (row.user_id, row.ip_address, row.user_agent) == (ann.id, "127.0.0.1", "Test browser")


def test_sign_in_says_the_same_for_unknown_and_wrong(app: Flask, client: FlaskClient, ann: User) -> None:
    with app.app_context():
        create_user("locked@example.org", None)
    attempts = [
        ("ann@example.org", "a wrong password"),
        ("nobody@example.org", PASSWORD),
        ("locked@example.org", PASSWORD),
    ]
    pages = set()
    for email, password in attempts:
        page = client.post("/sign-in", data={"email": email, "password": password}).text
        pages.add(re.sub(r'name="csrf_token" value="[^"]+"', "", page).replace(email, ""))
    assert len(pages) == 1
    assert "The e-mail address or the password is wrong." in pages.pop()
    assert client.get("/journal").status_code == 302
    assert count(app, SignInRow) == 0


def test_sign_in_empties_the_session(client: FlaskClient, ann: User) -> None:
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["csrf_token"] = "known to somebody else"
    client.post("/sign-in", data={"email": "ann@example.org", "password": PASSWORD})
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != "known to somebody else"


def test_sign_out(sign_in: SignIn, ann: User) -> None:
    client = sign_in(ann)
    answer = client.post("/sign-out")
    assert answer.location == "/sign-in"
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/journal").location.startswith("/sign-in")
    assert "You are signed out." in client.get("/sign-in").text


def test_signing_out_needs_a_post(sign_in: SignIn, ann: User) -> None:
    client = sign_in(ann)
    assert client.get("/sign-out").status_code == 405
    assert client.get("/journal").status_code == 200


def test_signed_in_people_need_no_form(sign_in: SignIn, ann: User) -> None:
    client = sign_in(ann)
    assert client.get("/sign-in").location == "/journal"
    assert client.get("/sign-up?next=/settings").location == "/settings"


def test_the_first_page(client: FlaskClient, sign_in: SignIn, ann: User) -> None:
    assert "Create an account" in client.get("/").text
    assert sign_in(ann).get("/").location == "/journal"


def test_a_deleted_person_is_signed_out(app: Flask, sign_in: SignIn, ann: User) -> None:
    client = sign_in(ann)
    assert client.get("/journal").status_code == 200
    with app.app_context():
        db.session.delete(db.session.get_one(User, ann.id))
        db.session.commit()
    assert client.get("/journal").status_code == 302


def test_strangers_are_led_to_the_form_and_back(client: FlaskClient, ann: User) -> None:
    answer = client.get("/journal?q=sea&page=2")
    assert answer.status_code == 302
    form = client.get(answer.location)
    assert "Sign in to see that page" in form.text
    back = client.post(answer.location, data={"email": "ann@example.org", "password": PASSWORD})
    assert back.location == "/journal?q=sea&page=2"


def test_scripts_learn_that_the_session_ended(client: FlaskClient) -> None:
    answer = client.get("/journal", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json) == (401, {"error": "Sign in first."})


NASTY = [
    "//evil.example",
    "///evil.example",
    "////evil.example/..",
    "/\\evil.example",
    "/\\/evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    "\x01//evil.example",
    " //evil.example",
    "/ /evil.example",
    "/\x00/evil.example",
    "/\x7f/evil.example",
    "https://evil.example",
    "http:evil.example",
    "https:/evil.example",
    "HTTPS:\\\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "?next=//evil.example",
    "#//evil.example",
    ".//evil.example",
    "",
    "/\r\nSet-Cookie: a=b",
]


def as_a_browser(target: str) -> str:
    """The host that a browser goes to: it drops tabs and line breaks, and reads backslashes as slashes."""
    seen = re.sub(r"[\t\n\r]", "", target).strip("\x00 ").replace("\\", "/")
    return urlsplit(urljoin("https://satchel.example/sign-in", seen)).hostname or ""


@pytest.mark.parametrize("target", NASTY)
def test_next_never_leads_away(target: str) -> None:
    assert safe_next(target) is None


def test_the_nasty_ones_are_nasty() -> None:
    """The control: a check of the first character alone would let some of them lead away."""
    passed = [target for target in NASTY if target.startswith("/") and as_a_browser(target) == "evil.example"]
    assert len(passed) >= 5


@pytest.mark.parametrize("target", ["/", "/journal", "/journal?q=a%2Fb&page=2", "/archives/1#top", "/a//b", "/@x:y"])
def test_next_keeps_paths(target: str) -> None:
    assert safe_next(target) == target
    assert as_a_browser(target) == "satchel.example"


def test_signing_in_never_leads_away(sign_in: SignIn, ann: User) -> None:
    client = sign_in(ann)
    for target in NASTY:
        answer = client.get("/sign-in", query_string={"next": target})
        assert answer.location == "/journal"


class TestTokens:
    @pytest.fixture
    def settings(self, any_database: dict[str, Any]) -> dict[str, Any]:
        return any_database

    def test_a_strange_token_in_the_cookie_is_nobody(self, client: FlaskClient) -> None:
        for token in ("", "1", "not an id", "'; DROP TABLE user", "0" * 32, "\x00", "é" * 36):
            with client.session_transaction() as session:
                session["_user_id"] = token
            assert client.get("/journal").status_code == 302

    def test_a_persons_id_is_no_token(self, client: FlaskClient, ann: User) -> None:
        with client.session_transaction() as session:
            session["_user_id"] = ann.id
        assert client.get("/journal").status_code == 302


class TestLimits:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "RATELIMIT_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"}

    @pytest.mark.usefixtures("ann")
    def test_guessing_ends_after_ten_attempts(self, client: FlaskClient) -> None:
        wrong = {"email": "ann@example.org", "password": ""}
        codes = [client.post("/sign-in", data=wrong).status_code for _ in range(11)]
        assert codes == [422] * 10 + [429]
        refused = client.post("/sign-in", data={"email": "ann@example.org", "password": PASSWORD})
        assert refused.status_code == 429
        assert "Too many attempts" in refused.text
        assert client.get("/sign-in").status_code == 200
        elsewhere = client.post("/sign-in", data=wrong, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert elsewhere.status_code == 422
