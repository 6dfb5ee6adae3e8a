"""A form that is too much is refused before it is parsed, also where nobody is signed in and no token is asked for."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.models import Entry, User, Visibility
from app.web.large_forms import FORM_BYTES
from tests.web.conftest import SignIn

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
PAGES = ("/language", "/sign-in", "/sign-up", "/forgotten", "/journal/new", "/examples/add", "/nowhere")


def send(client: FlaskClient, path: str, body: bytes, kind: str = URLENCODED, *, length: bool = True) -> TestResponse:
    """Without a length, as in chunks: gunicorn tells where such a body ends."""
    told = {"CONTENT_LENGTH": str(len(body))} if length else {"wsgi.input_terminated": True}
    return client.post(path, input_stream=io.BytesIO(body), content_type=kind, environ_overrides=told)


def as_multipart(size: int) -> bytes:
    beginning, end = b'--x\r\nContent-Disposition: form-data; name="next"\r\n\r\n', b"\r\n--x--\r\n"
    return beginning + b"a" * (size - len(beginning) - len(end)) + end


@pytest.mark.parametrize("length", [True, False], ids=["with a length", "in chunks"])
@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_sends_little(client: FlaskClient, path: str, length: bool) -> None:
    answer = send(client, path, b"a=" + b"x" * (FORM_BYTES - 1), length=length)
    assert (answer.status_code, "at most 64 kB" in answer.text) == (413, True)
    assert send(client, path, b"a=" + b"x" * (FORM_BYTES - 2), length=length).status_code != 413


@pytest.mark.parametrize("length", [True, False], ids=["with a length", "in chunks"])
def test_nor_in_another_coding(client: FlaskClient, sign_in: SignIn, ann: User, length: bool) -> None:
    """The control: entries may be larger then."""
    for size, code in ((FORM_BYTES + 1, 413), (FORM_BYTES - 1, 404)):
        assert send(client, "/language", as_multipart(size), MULTIPART, length=length).status_code == code
    answer = send(sign_in(ann), "/journal/new", as_multipart(FORM_BYTES + 1), MULTIPART, length=length)
    assert (answer.status_code, "Give the entry a title." in answer.text) == (422, True)


def test_and_few_fields(app: Flask, client: FlaskClient) -> None:
    assert send(client, "/language", b"a&" * 999 + b"language=vi").status_code == 303
    assert send(client, "/language", b"a&" * 1000 + b"language=vi").status_code == 413
    app.config["MAX_FORM_PARTS"] = 10
    assert send(client, "/language", b"a&" * 10 + b"language=vi").status_code == 413


def test_a_million_fields(app: Flask, client: FlaskClient) -> None:
    """The control: without the limit each of them is read, and the last one is done."""
    body = b"a&" * 2**20 + b"language=vi"
    assert send(client, "/language", body).status_code == 413
    app.url_value_preprocessors.clear()
    assert send(client, "/language", body).status_code == 303


def test_who_is_signed_in_may_send_no_more_that_way(sign_in: SignIn, ann: User, write: Callable[..., Entry]) -> None:
    """Nothing of ours needs it: both forms in which people write are multipart."""
    anns, entry = sign_in(ann), write(ann, visibility=Visibility.MEMBERS)
    for form, path in (("/journal/new", "/journal/new"), (f"/journal/{entry.id}", f"/journal/{entry.id}/comments")):
        action = '<form method="post" enctype="multipart/form-data"'
        assert action in anns.get(form).text
        assert send(anns, path, b"body=" + b"x" * FORM_BYTES).status_code == 413


def test_a_long_comment_comes_back(app: Flask, sign_in: SignIn, ann: User, write: Callable[..., Entry]) -> None:
    """The control: what is longer than any text may be is refused."""
    anns, path = sign_in(ann), f"/journal/{write(ann).id}/comments"
    long = "ế" * 100_000
    answer = anns.post(path, data={"body": long}, content_type="multipart/form-data")
    assert (answer.status_code, long in answer.text) == (422, True)
    app.config["MAX_FORM_MEMORY_SIZE"] = FORM_BYTES
    answer = anns.post(path, data={"body": long}, content_type="multipart/form-data")
    assert (answer.status_code, long in answer.text) == (413, False)
