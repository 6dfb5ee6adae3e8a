"""A language whose every text is the English one in brackets; what stands outside of them was not translated."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages import Catalog

from app.words import languages
from tests.languages import catalogues
from tests.languages.bare import NAMES, SAID
from tests.languages.extraction import extract_all

MADE_UP = "eo"
"""Esperanto: dates and numbers need a language that Babel knows."""
AND = "kaj"
"""Babel's word for it, between the last two of a list."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_NO_WORD = re.compile(r"\S*[@/.:]\S+|\S+/\S*|\b[0-9A-F]{8}\b")
"""Addresses, paths, names of files, and references of archives."""
_BRACKETS = re.compile("[⟦⟧]")
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
_DATA = frozenset({"code", "pre", "script", "style", "svg", "textarea", "time"})
"""Elements that hold no words of ours: commands, what somebody typed, dates by Babel."""


@contextmanager
def speak_made_up(folder: Path) -> Iterator[None]:
    """`folder`: for the language's file."""
    catalogues.write(_make_up(), folder / f"{MADE_UP}.po")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "FOLDER", folder)
        _forget()
        try:
            yield
        finally:
            patch.undo()
            _forget()


@cache
def _make_up() -> Catalog:
    """Once: extracting takes seconds."""
    catalogue = Catalog(locale=MADE_UP)
    for message in extract_all():
        if message.id:
            texts = message.id if isinstance(message.id, tuple) else (message.id,)
            said = [f"⟦{text}⟧" for text in texts]
            catalogue.add(message.id, said if message.pluralizable else said[0])
    return catalogue


def _forget() -> None:
    languages.list_codes.cache_clear()
    languages.list_languages.cache_clear()
    languages.read_catalogue.cache_clear()


def find_untranslated(html: str, data: str = "") -> list[str]:
    """Words outside of brackets. `data`: classes, ids and elements, as a regex, whose content is not ours."""
    reader = _Reader(re.compile(data or "(?!)"))
    reader.feed(html)
    reader.close()
    return [text for text in [_outside("".join(reader.pieces)), *map(_outside, reader.said)] if text]


def _outside(text: str) -> str:
    """What of a text stands in no brackets; they may hold each other."""
    depth, kept = 0, []
    for piece in re.split("([⟦⟧])", text):
        depth += {"⟦": 1, "⟧": -1}.get(piece, 0)
        if not depth:
            kept.append(piece)
    words = _WORD.findall(_NO_WORD.sub(" ", " ".join(_BRACKETS.sub(" ", each) for each in kept)))
    return " ".join(word for word in words if word not in NAMES | {AND})


class _Reader(HTMLParser):
    """Text in the order of the page, without what is data; and attributes that people read."""

    def __init__(self, data: re.Pattern[str]) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.said: list[str] = []
        self._data = data
        self._open: list[bool] = []
        """Whether each element that is open is, or stands in, data."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_foreign = given.get("lang", MADE_UP) != MADE_UP
        names = [tag, *given.get("class", "").split(), given.get("id", ""), given.get("data-part", "")]
        is_data = tag in _DATA or is_foreign or any(self._data.fullmatch(name) for name in names)
        is_data = is_data or (bool(self._open) and self._open[-1])
        if not is_data:
            self.said += [value for name, value in given.items() if name in SAID]
        if tag not in _VOID:
            self._open.append(is_data)
        self.pieces.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing: shapes of pictures."""

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and self._open:
            self._open.pop()
        self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1]):
            self.pieces.append(data)
