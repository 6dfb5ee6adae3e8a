"""The docs lead somewhere: links and anchors, commands, make's targets, pictures. Each check has a planted fault."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask
from PIL import Image

from tests.pictures.gallery import DOCS, PUBLISHED
from tests.pictures.looks import WIDE
from tests.pictures.pages import pages_without_picture
from tests.programs import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    *(ROOT / "docs").glob("*.md"),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
FLASK = re.compile(r"(?:^|[\s`/])flask ((?!--)[a-z][\w-]*(?: [a-z][a-z-]+(?![\w.…]))?)([^`\n]*)", re.MULTILINE)
MAKE = re.compile(r"(?:^|`)(?:\w+=\w+ )?make ([a-z-]+)", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """As GitHub and Forgejo make them of headings, and those that a page names."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    named = set(re.findall(r'<a id="([^"]+)">', text))
    return named | {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(CODE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


def unknown_commands(app: Flask, text: str) -> Iterator[str]:
    for words, rest in FLASK.findall(text):
        name, _, sub = words.partition(" ")
        command: click.Command | None = app.cli.commands.get(name)
        if isinstance(command, click.Group):
            command = command.commands.get(sub)
        known = {option for each in command.params for option in each.opts} if command else set()
        if command is None or not set(re.findall(r"(?<!\S)(--[a-z-]+)", rest)) <= known | {"--help"}:
            yield f"flask {words}{rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page, page.read_text())) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    """The control."""
    page = ROOT / "README.md"
    text = "[a](docs/nowhere.md) [b](docs/production.md#nowhere) [c](docs/production.md#settings) [d](https://e.org)"
    assert list(broken_links(page, text)) == ["docs/nowhere.md", "docs/production.md#nowhere"]


def test_every_page_of_the_docs_is_in_its_index() -> None:
    named = set(LINK.findall((ROOT / "docs" / "README.md").read_text()))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= named


def test_every_command_exists(app: Flask) -> None:
    """Those of docs/own-models.md are of another application; a test of its own runs them."""
    texts = {page.name: page.read_text() for page in PAGES if page.name != "own-models.md"}
    assert [line for text in texts.values() for line in unknown_commands(app, text)] == []
    assert sum(len(FLASK.findall(text)) for text in texts.values()) > 20


def test_a_command_that_does_not_exist_is_found(app: Flask) -> None:
    """The control."""
    wrong = ["flask archives forget FILE", "flask archives request --everybody", "flask sing"]
    assert list(unknown_commands(app, "\n".join([*wrong, "flask archives verify FILE"]))) == wrong


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for code in CODE.findall(page.read_text()) for name in MAKE.findall(code)}
    assert named >= {"run", "test", "pictures"}
    assert named <= targets


def test_the_pictures_of_the_docs_are_those_that_are_made() -> None:
    shown = {
        Path(target).name for page in PAGES for target in LINK.findall(page.read_text()) if target.endswith(".png")
    }
    assert shown == PUBLISHED.keys() == {path.name for path in DOCS.iterdir()}
    for path in DOCS.iterdir():
        assert path.stat().st_size < 150_000
        with Image.open(path) as image:
            assert image.size == (WIDE["width"], WIDE["height"])


def test_a_page_without_a_picture_is_missed(app: Flask) -> None:
    """`make pictures` says so: each page is seen or has its reason not to be."""
    seen = {"journal.index", "archives.show"}
    missed = pages_without_picture(app, seen)
    assert {"archives.index", "settings.index"} <= set(missed)
    assert not {"journal.index", "static", "archives.status", "archives.cancel"} & set(missed)
