"""A report whose scripts were damaged after unpacking: it says in words what cannot be read, and shows the rest."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import NewPage
from tests.engine.report.sample import write_sample

pytestmark = pytest.mark.browser

HEAD = b'ARCHIVE_CHUNK("entry",0,[\n'
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda _: b"",
    "zeros": lambda text: bytes(len(text)),
    "not a list": lambda _: b'ARCHIVE_CHUNK("entry",0,{"length":7});\n',
    "a text": lambda _: b'ARCHIVE_CHUNK("entry",0,"rows");\n',
    "too few rows": lambda text: text[: text.index(b"\n", len(HEAD))].removesuffix(b",") + b"\n]);\n",
    "rows that are none": lambda text: HEAD + b",\n".join([b"null"] * text.count(b"\n[")) + b"\n]);\n",
    "short rows": lambda text: HEAD + b",\n".join([b"[1]"] * text.count(b"\n[")) + b"\n]);\n",
    "another number": lambda text: text.replace(b'"entry",0', b'"entry",1', 1),
    "another table": lambda text: text.replace(b'"entry"', b'"nothing"', 1),
    "a page": lambda _: b"<!doctype html><title>404</title>",
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("damaged") / "archive", 3000)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_chunk_is_said(sample: Path, tmp_path: Path, new_page: NewPage, damage: str) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(sample, folder)
    chunk = folder / "viewer" / "entry.0000.js"
    chunk.write_bytes(DAMAGES[damage](chunk.read_bytes()))
    errors: list[str] = []
    page = new_page(may_err=True)
    page.on("pageerror", lambda error: errors.append((error.name or "").removeprefix("Uncaught ")))
    page.goto((folder / "entry.html").as_uri())
    expect(page.get_by_role("status")).to_contain_text("viewer/entry.0000.js")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    assert set(errors) <= {"SyntaxError"}, "only the browser itself may stumble, over what is no script"


def test_undamaged_it_says_nothing(sample: Path, new_page: NewPage) -> None:
    """The control."""
    page = new_page()
    page.goto((sample / "entry.html").as_uri())
    expect(page.get_by_role("status")).to_contain_text("of 3,000")
