"""PostgreSQL goes away in the middle of a request: a page in words, never the server's bare 500."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.extensions import db
from app.models import User
from tests.conftest import PASSWORD
from tests.databases import cut_connections


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    return postgresql_settings


@pytest.fixture
def served(settings: dict[str, Any]) -> Iterator[Flask]:
    """As a web server has it: no context but that of each request, whose end closes the session."""
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_finished_page_is_sent_although_its_connection_broke(served: Flask, settings: dict[str, Any]) -> None:
    @served.get("/late")
    def late() -> str:
        db.session.execute(sa.text("SELECT 1"))
        cut_connections(settings["DATABASE_URL"])
        return "finished"

    client = served.test_client()
    assert client.get("/late").text == "finished"
    assert client.get("/late").text == "finished"


def test_the_next_request_has_a_connection_again(served: Flask, settings: dict[str, Any]) -> None:
    @served.get("/count")
    def count() -> str:
        return str(db.session.execute(sa.select(sa.func.count()).select_from(User)).scalar_one())

    client = served.test_client()
    assert client.get("/count").text == "0"
    cut_connections(settings["DATABASE_URL"])
    assert client.get("/count").text == "0"


def test_an_error_page_that_cannot_load_the_person_says_that_the_site_is_busy(
    settings: dict[str, Any], ann: User, client: FlaskClient
) -> None:
    client.post("/sign-in", data={"email": ann.email, "password": PASSWORD})
    url = sa.make_url(settings["DATABASE_URL"]).set(database="gone").render_as_string(hide_password=False)
    away = create_app({**settings, "DATABASE_URL": url}).test_client()
    cookie = client.get_cookie("session")
    assert cookie is not None
    away.set_cookie("session", cookie.value)
    answer = away.get("/nowhere")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "The site is busy" in answer.text
