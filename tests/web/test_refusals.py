"""Who is refused is noted, so that somebody who tries one page after another is seen."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.models import Entry, User
from tests.web.conftest import SignIn


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return {**sqlite_settings, "RATELIMIT_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"}


@pytest.fixture
def refusals(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    def read() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.getMessage().startswith("Refused with")]

    return read


def test_what_is_somebody_elses(
    sign_in: SignIn, ann: User, bob: User, write: Callable[..., Entry], refusals: Callable[[], list[str]]
) -> None:
    entry, bobs = write(ann), sign_in(bob)
    for method, path in (("GET", ""), ("POST", "/edit"), ("POST", "/delete")):
        assert bobs.open(f"/journal/{entry.id}{path}", method=method).status_code == 404
    assert refusals() == [
        f"Refused with 404: {page} asked for by {bob.id} from 127.0.0.1"
        for page in ("journal.show", "journal.edit", "journal.delete")
    ]


def test_too_many_attempts_and_strange_forms(client: FlaskClient, refusals: Callable[[], list[str]]) -> None:
    client.post("/sign-in", json=["not a form"])
    assert refusals() == ["Refused with 415: auth.sign_in asked for by nobody from 127.0.0.1"]
    for _ in range(11):
        client.post("/sign-in", data={"email": "ann@example.org", "password": ""})
    assert refusals()[1:] == ["Refused with 429: auth.sign_in asked for by nobody from 127.0.0.1"] * (
        len(refusals()) - 1
    )
    assert len(refusals()) > 1


def test_what_is_allowed_or_leads_nowhere_is_not_noted(
    sign_in: SignIn, ann: User, write: Callable[..., Entry], refusals: Callable[[], list[str]]
) -> None:
    """The control."""
    anns = sign_in(ann)
    for path in (f"/journal/{write(ann).id}", "/journal", "/wp-login.php"):
        anns.get(path)
    assert refusals() == []
