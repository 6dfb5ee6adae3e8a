"""Which language pages are in: the setting, the cookie, what the browser asks for, English; caches mix none."""

import random

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import User
from tests.web.conftest import SignIn
from tests.web.test_shared_cache import ToyCache

SIGN_IN = {"en": ">Sign in<", "vi": ">Đăng nhập<"}


def language_of(browser: FlaskClient, path: str = "/sign-in", **headers: str) -> str:
    text = browser.get(path, headers=headers).text
    [found] = [code for code in SIGN_IN if f'<html lang="{code}" dir="ltr">' in text]
    return found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("vi", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("en-GB,vi;q=0.9", "en"),
        ("fr,vi;q=0.5", "vi"),
        ("vi;q=0,en;q=0.1", "en"),
        ("de", "en"),
        ("*", "en"),
        ("", "en"),
        ("../vi, \x7f;q=x, " + "x" * 500, "en"),
    ],
    ids=["vi", "vi-VN", "en-GB", "fr first", "refused", "de", "any", "none", "nonsense"],
)
def test_strangers_get_what_their_browser_asks_for(client: FlaskClient, asked: str, expected: str) -> None:
    assert language_of(client, **{"Accept-Language": asked}) == expected


def test_a_strangers_choice_is_kept(client: FlaskClient) -> None:
    page = client.get("/sign-in?next=/archives/").text
    assert '<button class="btn quiet" name="language" value="vi" lang="vi">' in page
    assert 'name="next" value="/sign-in?next=/archives/"' in page
    answer = client.post("/language", data={"language": "vi", "next": "/sign-in?next=/archives/"})
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/archives/")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]
    assert language_of(client, **{"Accept-Language": "en"}) == "vi"


@pytest.mark.parametrize("lead", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
def test_the_way_back_leads_to_this_site(client: FlaskClient, lead: str) -> None:
    assert client.post("/language", data={"language": "vi", "next": lead}).location == "/"


@pytest.mark.parametrize("language", ["", "xx", "../vi", "en_GB"])
def test_what_is_no_language_is_refused(client: FlaskClient, language: str) -> None:
    assert client.post("/language", data={"language": language}).status_code == 404
    assert client.get_cookie("language") is None


def test_other_sites_cannot_choose(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "vi"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400


def test_a_forged_cookie_says_nothing(client: FlaskClient) -> None:
    client.set_cookie("language", "../../etc/passwd")
    assert language_of(client) == "en"


def test_the_setting_is_above_the_cookie(sign_in: SignIn, ann: User) -> None:
    browser = sign_in(ann)
    browser.set_cookie("language", "vi")
    assert language_of(browser, "/settings") == "en"
    answer = browser.post(
        "/settings", data={"name": "Ann", "language": "vi", "time_zone": "UTC"}, follow_redirects=True
    )
    assert '<html lang="vi" dir="ltr">' in answer.text
    browser.set_cookie("language", "en")
    assert language_of(browser, "/journal") == "vi"


@pytest.mark.parametrize("language", ["de", "nonsense", "", "../vi"])
def test_a_locale_without_words_speaks_english(sign_in: SignIn, make_person: object, language: str) -> None:
    browser = sign_in(make_person("Bo", language=language))  # type: ignore[operator]  # a fixture that makes people
    assert language_of(browser, "/journal") == "en"


def test_dates_of_a_locale_without_words_are_written_its_way(app: Flask, sign_in: SignIn, make_person: object) -> None:
    browser = sign_in(make_person("Bo", language="de"))  # type: ignore[operator]  # as above
    assert 'lang="de">' in browser.get("/settings").text


def test_the_page_of_a_fault_is_in_the_strangers_language(app: Flask) -> None:
    def fail() -> str:
        raise RuntimeError

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.view_functions["home.index"] = fail
    answer = app.test_client().get("/", headers={"Accept-Language": "vi"})
    assert answer.status_code == 500
    assert '<html lang="vi"' in answer.text
    assert "Xin lỗi, có lỗi từ phía chúng tôi" in answer.text


def mix(cache: ToyCache, browsers: dict[str, FlaskClient]) -> int:
    """How often somebody was shown a page in a language that another has chosen."""
    chance = random.Random(7)
    found = 0
    for _ in range(100):
        code = chance.choice(sorted(browsers))
        text = cache.ask(browsers[code], chance.choice(["/", "/sign-in", "/sign-up", "/nothing"]))
        found += f'<html lang="{code}"' not in text
    return found


@pytest.fixture
def browsers(app: Flask) -> dict[str, FlaskClient]:
    browsers = {code: app.test_client() for code in SIGN_IN}
    for code, browser in browsers.items():
        browser.post("/language", data={"language": code})
    return browsers


def test_a_shared_cache_mixes_no_languages(browsers: dict[str, FlaskClient]) -> None:
    assert mix(ToyCache(), browsers) == 0


def test_a_cache_without_our_headers_would_mix_them(browsers: dict[str, FlaskClient]) -> None:
    """The control."""
    assert mix(ToyCache(careless=True), browsers) > 10
