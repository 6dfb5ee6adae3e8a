import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.models import Entry, User
from tests.web.conftest import PNG


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    path = folder / "entries.jsonl"
    path.write_text("".join(json.dumps({"title": f"Day {day}"}) + "\n" for day in range(450)))
    return path


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["journal", "import", *arguments])
    return result.exit_code, result.output


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Entry)) or 0


@pytest.mark.usefixtures("ann")
def test_import(app: Flask, journal: Path) -> None:
    (journal.parent / "cover.png").write_bytes(PNG)
    code, output = run(app, str(journal), "--user", "ann@example.org", "--media", str(journal.parent))
    assert code == 0
    assert "Added 450 entries, 0 comments and 1 files." in output
    assert "No line names cover.png: now with the first entry." in output
    code, output = run(app, str(journal), "--user", "ANN@example.org", "--media", str(journal.parent))
    assert code == 0
    assert "Added 0 entries, 0 comments and 0 files.\n450 entries were there already." in output
    assert count() == 450


@pytest.mark.usefixtures("ann")
def test_a_bad_line_is_named(app: Flask, journal: Path) -> None:
    with journal.open("a") as file:
        file.write("{\n")
    code, output = run(app, str(journal), "--user", "ann@example.org")
    assert code == 1
    assert "Line 451: this is not JSON" in output
    assert count() == 0


def test_nobody_has_this_address(app: Flask, journal: Path) -> None:
    code, output = run(app, str(journal), "--user", "nobody@example.org")
    assert code == 1
    assert "flask users create nobody@example.org" in output


@pytest.mark.usefixtures("ann")
def test_a_file_that_is_too_large(app: Flask, journal: Path) -> None:
    app.config["UPLOAD_MAX_BYTES"] = 10
    (journal.parent / "cover.png").write_bytes(PNG)
    code, output = run(app, str(journal), "--user", "ann@example.org", "--media", str(journal.parent))
    assert code == 1
    assert "“cover.png” is too large." in output
    assert "10 bytes (UPLOAD_MAX_BYTES)" in output
    assert count() == 0


def test_missing_paths(app: Flask, ann: User, journal: Path) -> None:
    code, output = run(app, str(journal.with_name("absent")), "--user", "ann@example.org")
    assert code == 2
    assert "does not exist" in output
