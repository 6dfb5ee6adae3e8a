from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app import audit
from app.extensions import db
from app.models import User, What


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    """The audit is tried on SQLite and on PostgreSQL."""
    return any_database


@pytest.fixture
def run(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def write(person: User, *, rows: int = 6) -> None:
    """So many rows about her, each in a transaction of its own."""
    for number in range(rows):
        audit.record(What.SIGNED_IN, person.id, object_id=f"object {number}")
        db.session.commit()
