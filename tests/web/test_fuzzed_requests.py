"""Headers, cookies, addresses and ranges that hold anything: a page or a refusal, never a fault or a wrong byte."""

import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer
from werkzeug.http import parse_range_header

from app.archives import ledger, making, service
from app.models import User
from app.web.redirects import safe_next
from tests.fuzzing import examples
from tests.web.conftest import SignIn
from tests.web.test_policy import ARGUMENTS

pytestmark = pytest.mark.fuzz

HEADER = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=30)
RANGE = st.from_regex(r"(bytes|items|)?=? ?(-?\d{0,20}-?\d{0,20},? ?){0,3}", fullmatch=True) | HEADER
EDGES = [
    "bytes=0-",
    "bytes=-1",
    "bytes=-0",
    "bytes=0-0",
    "bytes=5-2",
    "bytes=99999999999999999999-",
    "bytes=²-",
    "bytes=",
]
NAMES = [
    *(
        "Range",
        "If-Range",
        "If-None-Match",
        "If-Match",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "Cookie",
        "Accept",
    ),
    *("Accept-Language", "Content-Type", "Content-Length", "Authorization", "Referer", "Origin", "User-Agent"),
    *("Sec-Fetch-Site", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Transfer-Encoding", "Expect"),
]
HEADERS = st.dictionaries(st.sampled_from(NAMES), HEADER, max_size=4)


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    """Of the two databases the stricter."""
    return {**postgresql_settings, "EXAMPLES": True}


@pytest.fixture
def archive(app: Flask, ann: User) -> tuple[str, bytes]:
    """The address of Ann's archive, and its bytes."""
    with app.app_context():
        archive_id = ledger.insert(ann.id)[0]
        making.generate(ann.id)
        part = service.list_parts(archive_id)[0]
        with service.open_download(part) as file:
            return f"/archives/{archive_id}/download", file.read()


@examples(20)
@given(
    asked=RANGE | st.sampled_from(EDGES), matching=st.none() | HEADER | st.sampled_from(["*", "ETAG", "W/ETAG", '"x"'])
)
@example(asked="bytes=0-,1-", matching=None)
@example(asked="bytes=1-2", matching="ETAG")
@example(asked="bytes=1-2", matching="W/ETAG")
def test_ranges(sign_in: SignIn, ann: User, archive: tuple[str, bytes], asked: str, matching: str | None) -> None:
    """Whatever is asked for: all of the file, the bytes that the answer names, or none."""
    path, content = archive
    client = sign_in(ann)
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    for condition in ("If-Range", "If-None-Match", "If-Match"):
        headers = {"Range": asked}
        if matching is not None:
            headers[condition] = matching.replace("ETAG", etag)
        with client.get(path, headers=headers) as answer:
            assert answer.status_code in {200, 206, 304, 412, 416}
            if answer.status_code == 200:
                assert answer.data == content
            if answer.status_code == 206:
                assert answer.content_range.start is not None
                assert answer.content_range.length == len(content)
                assert answer.data == content[answer.content_range.start : answer.content_range.stop]
                assert parse_range_header(asked) is not None
            if answer.status_code in {304, 412}:
                assert answer.data[:2] != b"PK"


def pages(app: Flask) -> Iterator[str]:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and rule.endpoint != "examples.result":  # it needs a broker
            given = {name: ARGUMENTS[name] for name in rule.arguments if name not in (rule.defaults or {})}
            yield adapter.build(rule.endpoint, given, method="GET")


@examples(20)
@given(headers=HEADERS, host=st.none() | HEADER)
@example(headers={"Content-Length": "²"}, host=None)
@example(headers={"Accept-Language": "de-ß;q=x"}, host="[")
@example(headers={"Accept": "*/*;q=²"}, host="a b")
@example(headers={"Cookie": "session=\x00; session=.."}, host="\xff")
@example(headers={}, host=".")
def test_headers(app: Flask, headers: dict[str, str], host: str | None) -> None:
    """A stranger's on every page that can be read."""
    client = app.test_client()
    environ = {"HTTP_HOST": host} if host is not None else {}
    for path in pages(app):
        with client.get(path, headers=headers, environ_overrides=environ) as answer:
            assert answer.status_code < 500 or path == "/readyz", path


@examples(20)
@given(token=st.text(max_size=60), is_signed=st.booleans())
@example(token="", is_signed=True)
@example(token="\ud800", is_signed=True)
def test_cookies(app: Flask, client: FlaskClient, token: str, *, is_signed: bool) -> None:
    """Also with the site's own signature: the token of no sign-in is nobody's."""
    if is_signed:
        with client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
    else:
        client.set_cookie("session", quote(token, errors="replace"))
    assert client.get("/settings").status_code == 302
    assert client.get("/sign-in").status_code == 200


@examples(20)
@given(text=st.text(max_size=30) | st.text(st.sampled_from("/.%0aA\0\\"), max_size=12))
@example(text="\0" * 64)
@example(text="0" * 63 + "\0")
def test_addresses(app: Flask, sign_in: SignIn, ann: User, text: str) -> None:
    """Somebody who is signed in asks for what is not there."""
    client = sign_in(ann)
    piece = quote(text, safe="", errors="replace")
    for form in ("archives/{}", "archives/{}/status", ".well-known/satchel/{}.pub", "static/{}", "journal/{}", "{}"):
        path = f"/{form.format(piece)}"
        with client.get(path) as answer:
            assert answer.status_code < 500, path


@examples(20)
@given(token=st.text(max_size=40))
@example(token="\ud800")
def test_signed_ids(app: Flask, client: FlaskClient, token: str) -> None:
    """Results of the examples are found by what the site has signed itself, and for that purpose."""
    other = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="another purpose").dumps("id")
    for text in (token, other, other[:-1]):
        assert client.get(f"/result/{quote(text, errors='replace')}").status_code in {308, 404}


TARGET = st.text(max_size=20) | st.text(st.sampled_from("/\\.:@?#%\t\n\r a\x85\u3000"), max_size=12)


@given(target=TARGET)
@example(target="/\t/evil.example")
@example(target="/\\evil.example")
@example(target="///evil.example")
@example(target="/..//evil.example")
def test_next_stays_on_the_site(target: str) -> None:
    """As browsers read an address: without tabs and line ends, a backslash as a slash."""
    found = safe_next(target)
    if found is not None:
        assert urlsplit(urljoin("https://site.example/sign-in", as_browsers_do(found))).netloc == "site.example"


def test_most_texts_would_lead_away_unchecked() -> None:
    """The control."""
    for target in ("/\t/evil.example", "/\\evil.example", "//evil.example", "https:evil.example"):
        found = urlsplit(urljoin("https://site.example/sign-in", as_browsers_do(target)))
        assert (found.netloc, found.scheme) != ("site.example", "https") or "evil" in found.path
        assert safe_next(target) is None


def as_browsers_do(target: str) -> str:
    return (
        "".join(each for each in target if each not in "\t\n\r").replace("\\", "/").strip("".join(map(chr, range(33))))
    )


@examples(20)
@given(target=TARGET | st.just("/settings"))
def test_asking_to_sign_in_keeps_the_way_back(app: Flask, target: str) -> None:
    client = app.test_client()
    for path in ("/sign-in", "/sign-up"):
        answer = client.get(path, query_string={"next": target})
        assert answer.status_code == 200
