"""Headers on every answer, forms that other sites cannot send, and errors in words."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.models import Entry, User, Visibility
from app.web.headers import CONTENT_SECURITY_POLICY
from app.web.policy import POLICY, Access
from tests.conftest import PASSWORD, PRODUCTION
from tests.web.conftest import SignIn
from tests.web.factor_pages import FACTOR_PAGES
from tests.web.test_access import Scene, state
from tests.web.test_policy import requests

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture
def faulty(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A site with faults, as visitors meet it."""

    def fail() -> str:
        raise RuntimeError("the secret is xyzzy")

    def lose_database() -> str:
        raise OperationalError("SELECT 1", {}, Exception("could not connect to 10.0.0.1"))

    app.add_url_rule("/fail", view_func=fail)
    app.add_url_rule("/busy", view_func=lose_database)
    for code in (400, 403, 429, 418):
        app.add_url_rule(f"/{code}", str(code), lambda code=code: abort(code))
    for endpoint in ("fail", "lose_database", "400", "403", "429", "418"):
        monkeypatch.setitem(POLICY, endpoint, Access.ANYONE)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app.test_client()


ANSWERS = {
    "/": 200,
    "/sign-in": 200,
    "/journal": 302,
    "/healthz": 200,
    "/nothing": 404,
    "/sign-out": 405,
    "/400": 400,
    "/403": 403,
    "/418": 418,
    "/429": 429,
    "/fail": 500,
    "/busy": 503,
    "/static/app.css": 200,
    "/static/shared/base.css": 200,
    "/static/shared/favicon.svg": 200,
    "/static/nothing.css": 404,
    "/static/..%2f..%2fconfig.py": 404,
}


@pytest.mark.parametrize(("path", "code"), ANSWERS.items())
def test_every_answer_has_the_headers(faulty: FlaskClient, path: str, code: int) -> None:
    answer = faulty.get(path, buffered=True)
    assert answer.status_code == code
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in answer.headers
    if path.startswith("/static") and code == 200:
        assert answer.headers["Cache-Control"] == "no-cache"
    else:
        assert answer.headers["Cache-Control"] == "no-store, private"
        assert "Cookie" in answer.vary


def test_every_page_has_them_for_everybody(app: Flask, client: FlaskClient, sign_in: SignIn, ann: User) -> None:
    for _, method, path in requests(app):
        for browser in (client, sign_in(ann)):
            for asked in {method, "OPTIONS", "TRACE"} | ({"HEAD"} if method == "GET" else set()):
                answer = browser.open(path, method=asked, buffered=True)
                names = {"Content-Security-Policy", "Permissions-Policy", *HEADERS}
                assert names <= {name for name, _ in answer.headers}, (asked, path)
                is_for_all = path.startswith(("/static/", "/.well-known/")) and answer.status_code < 400
                assert is_for_all or answer.headers["Cache-Control"] == "no-store, private", (asked, path)


def test_what_is_too_large_has_them(app: Flask, client: FlaskClient) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10
    answer = client.post("/sign-in", data={"email": "x" * 100})
    assert (answer.status_code, answer.headers["Content-Security-Policy"]) == (413, CONTENT_SECURITY_POLICY)
    assert "This is too large" in answer.text


class TestCookies:
    """In production, by https."""

    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, **PRODUCTION}

    def test_nobody_else_sets_or_reads_them(self, client: FlaskClient, ann: User) -> None:
        form = {"email": ann.email, "password": PASSWORD}
        answer = client.post("/sign-in", data=form, base_url="https://localhost")
        (cookie,) = answer.headers.getlist("Set-Cookie")
        name, *attributes = cookie.split("; ")
        assert name.startswith("__Host-session=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} == set(attributes)
        assert client.get("/journal", base_url="https://localhost").status_code == 200


def test_without_https_the_cookie_promises_less(client: FlaskClient, ann: User) -> None:
    """The control."""
    (cookie,) = client.post("/sign-in", data={"email": ann.email, "password": PASSWORD}).headers.getlist("Set-Cookie")
    assert cookie.startswith("session=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} == set(cookie.split("; ")[1:])


def test_https_is_asked_for_on_https(client: FlaskClient) -> None:
    answer = client.get("/", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_healthz(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert answer.json == {"ok": True}
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/400", "could not be understood"),
        ("/403", "You may not do this"),
        ("/nothing", "Page not found"),
        ("/sign-out", "cannot be used like that"),
        ("/418", "teapot"),
        ("/429", "Wait a minute"),
    ],
)
def test_errors_are_pages_in_words(faulty: FlaskClient, path: str, words: str) -> None:
    answer = faulty.get(path)
    assert words in answer.text
    assert "<h1>" in answer.text
    assert ("Allow" in answer.headers) == (path == "/sign-out")


def test_a_redirect_stays_one(faulty: FlaskClient) -> None:
    answer = faulty.get("//nothing//there")
    assert answer.status_code == 308


@pytest.mark.parametrize(("path", "code"), [("/fail", 500), ("/busy", 503)])
def test_faults_carry_a_reference_that_the_log_has(
    faulty: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, code: int
) -> None:
    answer = faulty.get(path)
    assert answer.status_code == code
    found = re.search(r"<code>([0-9A-F]{8})</code>", answer.text)
    assert found
    record = next(each for each in caplog.records if found[1] in each.getMessage())
    assert record.exc_info
    for secret in ("xyzzy", "10.0.0.1", "Traceback", "SELECT"):
        assert secret not in answer.text


def test_nobody_writes_lines_into_the_log(
    app: Flask, faulty: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(rest: str) -> str:
        raise RuntimeError(len(rest))

    monkeypatch.setitem(POLICY, "fail_at", Access.ANYONE)
    app.add_url_rule("/fail/<rest>", "fail_at", fail)
    forged = "x\n2026-11-23 ERROR all is lost\r\x1b[2J"
    assert faulty.get(f"/fail/{quote(forged)}").status_code == 500
    lines = [record.getMessage() for record in caplog.records if "/fail/" in record.getMessage()]
    assert len(lines) == 1
    assert lines[0].isprintable()
    assert not f"Fault at /fail/{forged}".isprintable()  # the control: as it came


def test_a_lost_database_still_gives_a_page(app: Flask, sign_in: SignIn, ann: User) -> None:
    client = sign_in(ann)
    with app.app_context():
        db.session.execute(text('DROP TABLE "user"'))
        db.session.commit()
    answer = client.get("/journal")
    assert answer.status_code == 503
    assert "The site is busy" in answer.text


@pytest.mark.parametrize(("site", "is_refused"), [("cross-site", True), ("same-site", True), ("same-origin", False)])
def test_no_other_site_can_post_even_where_no_token_is_asked_for(
    app: Flask, sign_in: SignIn, ann: User, site: str, is_refused: bool
) -> None:
    posts = [path for _, method, path in requests(app) if method == "POST"]
    assert {"/add", "/sign-in", "/archives/"} <= set(posts)
    for path in posts:
        answer = sign_in(ann).post(path, headers={"Sec-Fetch-Site": site})
        assert (answer.status_code == 400) == is_refused, path
        assert sign_in(ann).get(path, headers={"Sec-Fetch-Site": site}).status_code != 400, path


OPEN_FORMS = (
    *("/sign-in", "/sign-up", "/sign-up/link", "/sign-up/finish"),
    *("/forgotten", "/forgotten/link", "/forgotten/new-password"),
)
"""For people who are not signed in."""


class TestForms:
    """Every unsafe route refuses a form without a token of the same session, and changes nothing."""

    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "WTF_CSRF_ENABLED": True, "EXAMPLES": False}

    @pytest.fixture
    def scene(self, ann: User, write: Callable[..., Entry], sign_in: SignIn) -> Scene:
        entry = write(ann, visibility=Visibility.MEMBERS)
        client = sign_in(ann)
        token = find_token(client.get(f"/journal/{entry.id}").text)
        answer = client.post(f"/journal/{entry.id}/comments", data={"body": "Mine", "csrf_token": token})
        [sign_in_id] = re.findall("sign-ins/([0-9a-f-]{36})/end", sign_in(ann).get("/settings").text)
        return Scene(entry, answer.location.partition("comment-")[2], sign_in_id)

    def paths(self, scene: Scene) -> dict[str, dict[str, str]]:
        entry, file = f"/journal/{scene.entry.id}", f"/files/{scene.entry.attachments[0].id}"
        form = {"title": "Changed", "body": "Changed", "visibility": "private"}
        return {
            "/journal/new": form,
            f"{entry}/edit": form,
            f"{entry}/comments": {"body": "Changed"},
            f"/journal/comments/{scene.comment_id}/delete": {},
            f"{file}/describe": {"description": "Changed"},
            f"{file}/remove": {},
            f"{entry}/delete": {},
            "/settings": {"name": "Changed", "language": "en", "time_zone": "UTC"},
            "/confirm": {"password": PASSWORD},
            f"/settings/sign-ins/{scene.sign_in_id}/end": {},
            "/settings/sign-ins/end-others": {},
            "/settings/password": {"current": PASSWORD, "password": f"a new {PASSWORD}"},
            "/sign-out": {},
        }

    def test_no_route_is_missing_here(self, app: Flask, scene: Scene) -> None:
        unsafe = {
            re.sub(r"<[^>]+>", "*", rule.rule)
            for rule in app.url_map.iter_rules()
            if "POST" in (rule.methods or ()) and not rule.endpoint.startswith("archives.")
        }
        tried = {re.sub(r"[0-9a-f-]{36}", "*", path) for path in self.paths(scene)} | set(OPEN_FORMS)
        tried |= {"/sign-in/code", *FACTOR_PAGES}  # in test_second_factor.py
        tried.add("/language")  # asks for no token: test_language.py
        assert unsafe == tried

    @pytest.mark.parametrize("kind", ["none", "foreign", "forged", "expired"])
    def test_refused(self, app: Flask, sign_in: SignIn, ann: User, bob: User, scene: Scene, kind: str) -> None:
        """A token lives as long as its session: after signing in anew it has expired."""
        anns, foreign = sign_in(ann), find_token(sign_in(bob).get("/settings").text)
        before = find_token(anns.get("/settings").text)
        anns.post("/sign-out", data={"csrf_token": before})
        form = {"email": ann.email, "password": PASSWORD, "csrf_token": find_token(anns.get("/sign-in").text)}
        assert anns.post("/sign-in", data=form).status_code == 302
        token = {} if kind == "none" else {"csrf_token": {"foreign": foreign, "expired": before}.get(kind, "x.y.z")}
        unchanged = state(app)
        for path, values in self.paths(scene).items():
            answer = anns.post(path, data={**values, **token})
            if path == "/confirm":  # asks anew, and keeps where it leads
                assert answer.status_code == 303
                assert answer.location.partition("?")[0] == path
                continue
            assert (path, answer.status_code) == (path, 400)
            assert "This form has expired" in answer.text
        assert state(app) == unchanged
        assert 'value="Ann"' in anns.get("/settings").text

    def test_with_the_token_each_of_them_works(self, sign_in: SignIn, ann: User, scene: Scene) -> None:
        """The control: nothing but the token was missing."""
        anns = sign_in(ann)
        for path, form in self.paths(scene).items():
            token = find_token(anns.get("/settings").text)
            answer = anns.post(path, data={**form, "csrf_token": token})
            assert (path, answer.status_code) == (path, 302)

    def test_by_https_it_works_as_well(self, sign_in: SignIn, ann: User) -> None:
        """Our pages tell browsers to send no Referer, and by https Flask-WTF alone refuses every form without one."""
        anns = sign_in(ann)
        token = find_token(anns.get("/settings", base_url="https://localhost").text)
        form = {"name": "Anna", "language": "en", "time_zone": "UTC", "csrf_token": token}
        assert anns.post("/settings", data=form, base_url="https://localhost").status_code == 302
        anns.application.config["WTF_CSRF_SSL_STRICT"] = True  # the control
        assert anns.post("/settings", data=form, base_url="https://localhost").status_code == 400

    @pytest.mark.parametrize("path", OPEN_FORMS)
    def test_signing_in_needs_a_token_too(self, client: FlaskClient, path: str) -> None:
        assert client.post(path, data={"email": "ann@example.org"}).status_code == 400

    def test_no_other_site_can_sign_somebody_out(self, app: Flask, sign_in: SignIn, ann: User) -> None:
        """Its forms come without our cookie, and a cookie in the answer would take the place of that.

        The control: where it comes along, people are told on the next page, and stay signed in.
        """
        posts = {path for _, method, path in requests(app) if method == "POST"} | {"/archives/?since=2026-01-01"}
        for path in posts | {"/confirm?deed=archives.create"}:
            for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
                answer = app.test_client().post(path, data={"since": "2026-01-01"}, headers=headers)
                assert "session=" not in " ".join(answer.headers.getlist("Set-Cookie")), path
        anns = sign_in(ann)
        for path in ("/archives/?since=2026-01-01", "/confirm?deed=archives.create"):
            assert "open for too long" in anns.post(path, follow_redirects=True).text

    def test_what_was_typed_is_given_back(self, sign_in: SignIn, ann: User) -> None:
        form = {"title": "Lost?", "body": "A long <b>text</b>", "password": "a secret phrase", "csrf_token": "old"}
        own = sign_in(ann).post("/journal/new", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert own.status_code == 400
        assert "Nothing is saved yet" in own.text
        assert "A long &lt;b&gt;text&lt;/b&gt;" in own.text
        assert "a secret phrase" not in own.text
        gone = sign_in(ann)
        gone.delete_cookie("session")
        alone = gone.post("/journal/new", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert "You are no longer signed in" in alone.text
        assert "A long &lt;b&gt;text&lt;/b&gt;" in alone.text
        assert "a secret phrase" not in alone.text

    @pytest.mark.parametrize("field", ["current", "code", "password"])
    def test_but_no_secret(self, sign_in: SignIn, ann: User, field: str) -> None:
        form = {field: "a secret phrase", "csrf_token": "old"}
        own = sign_in(ann).post("/settings/password", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert (own.status_code, "a secret phrase" in own.text) == (400, False)

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
    def test_others_put_no_words_on_our_pages(self, sign_in: SignIn, ann: User, site: str) -> None:
        answer = sign_in(ann).post("/journal/new", data={"body": "Call this number"}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 400
        assert "Call this number" not in answer.text


def find_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_an_address_that_is_no_text_is_a_bad_request_and_no_fault(client: FlaskClient) -> None:
    for path in ("/", "/sign-in", "/nowhere"):
        answer = client.get(path, environ_overrides={"QUERY_STRING": "a=\xff"})
        assert (answer.status_code, "could not be understood" in answer.text) == (400, True), path
