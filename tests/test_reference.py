import pytest
from flask import Flask

from app.config import SETTINGS, Setting
from tests import reference
from tests.reference import REFERENCE, write


def test_the_reference_is_what_the_code_says(app: Flask) -> None:
    assert REFERENCE.read_text() == write(app), "docs/reference.md is old: run `make reference`"


def test_a_new_setting_makes_it_old(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(reference, "SETTINGS", (*SETTINGS, Setting("NEW", 1, "Something new.")))
    assert "| `FLASK_NEW` | `1` | Something new. |" in write(app)
    assert REFERENCE.read_text() != write(app)
