"""The name that a request comes under is a claim of whoever sends it: nothing is linked to by it."""

from typing import Any

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from app import create_app
from app.config import SettingError
from app.models import User
from app.web.headers import CONTENT_SECURITY_POLICY
from app.web.policy import POLICY, Access
from tests.conftest import PRODUCTION
from tests.web.conftest import SignIn
from tests.web.test_policy import requests

EVIL = "evil.example"


class TestTrusted:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "TRUSTED_HOSTS": ["satchel.example.org"]}

    @pytest.mark.parametrize("path", ["/", "/journal", "/nothing", "/static/app.css"])
    def test_another_name_is_refused(self, client: FlaskClient, path: str) -> None:
        for host in (EVIL, f"{EVIL}:8000", f"satchel.example.org.{EVIL}", f"{EVIL}/satchel.example.org", "a b"):
            answer = client.get(path, headers={"Host": host})
            assert (answer.status_code, answer.mimetype) == (400, "text/plain")
            assert EVIL not in answer.text
            assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY

    def test_its_own_is_not(self, client: FlaskClient) -> None:
        for host in ("satchel.example.org", "satchel.example.org:8443"):
            assert client.get("/", headers={"Host": host}).status_code == 200
            forwarded = {"Host": host, "X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https"}
            assert client.get("/", headers=forwarded).status_code == 200


class TestEverywhere:
    """As it is in production, but for the setting that would refuse these requests."""

    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "EXAMPLES": False}  # a page of theirs shows what to type for the name in use

    def test_no_page_repeats_the_name(self, app: Flask, sign_in: SignIn, ann: User) -> None:
        for _, method, path in requests(app):
            for browser in (app.test_client(), sign_in(ann)):
                answer = browser.open(path, method=method, headers={"Host": EVIL}, buffered=True)
                assert EVIL not in answer.text, path
                assert (answer.location or "/").startswith("/"), path


@pytest.mark.parametrize("host", [".", "a..b", "x" * 64 + ".org"])
def test_what_is_no_name_is_refused_where_any_name_is_taken(client: FlaskClient, host: str) -> None:
    """Of it no address can be made, so that no page of ours could be shown: it would be a fault."""
    answer = client.get("/", headers={"Host": host})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")


def test_a_link_made_from_it_would(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setitem(POLICY, "careless", Access.ANYONE)
    app.add_url_rule("/careless", "careless", lambda: url_for("home.index", _external=True))
    assert client.get("/careless", headers={"Host": EVIL}).text == f"http://{EVIL}/"


@pytest.mark.parametrize("hosts", [None, [], "", [""], [5], 5, {"a": "b"}])
def test_a_site_on_https_does_not_start_without_its_names(sqlite_settings: dict[str, Any], hosts: object) -> None:
    with pytest.raises(SettingError, match=r"TRUSTED_HOSTS must name .* FLASK_TRUSTED_HOSTS="):
        create_app({**sqlite_settings, **PRODUCTION, "TRUSTED_HOSTS": hosts})


@pytest.mark.parametrize(
    "given",
    [
        {"TRUSTED_HOSTS": "satchel.example.org"},
        {"TRUSTED_HOSTS": ["satchel.example.org"]},
        {"PUBLIC_BASE_URL": "https://satchel.example.org:8443"},
    ],
)
def test_its_names_are_understood(sqlite_settings: dict[str, Any], given: dict[str, object]) -> None:
    app = create_app({**sqlite_settings, **PRODUCTION, "TRUSTED_HOSTS": None, **given})
    assert app.config["TRUSTED_HOSTS"] == ["satchel.example.org"]
