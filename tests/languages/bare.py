"""Words in a template that no language can change, because they are not marked. One line each."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from jinja2 import Environment, nodes

from tests.languages.extraction import KEYWORDS

WORD = re.compile(r"[^\W\d_]{2,}")
SAID = frozenset({"alt", "aria-label", "aria-description", "placeholder", "title", "label"})
"""Attributes that people read or hear."""
NOT_WORDS = frozenset({"code", "pre", "script", "style", "svg", "kbd", "samp"})
NAMES = frozenset({"Satchel", "JSON", "CSV", "OK", "doctype", "html", "Windows", "macOS", "Linux"})
"""The same in every language."""
_ATTRIBUTE = re.compile(r'[\w-]+="[^"]*"')
"""As macros put them out."""
_GAP = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Where an expression stands."""


def find_bare(source: str, **options: Any) -> list[str]:
    """`options`: of the environment that renders the template."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True, **options)
    environment.policies["ext.i18n.trimmed"] = True
    tree = environment.parse(source)
    reader = _Reader()
    reader.feed("".join(_pieces(tree)))
    reader.close()
    return [text for text in [*reader.found, *_arguments(tree)] if _has_words(text)]


def find_bare_text(file: Path, **options: Any) -> list[str]:
    """The same of a template that is not HTML: its lines; commands and names of files are no words."""
    environment = Environment(extensions=["jinja2.ext.i18n"], **options)  # noqa: S701  # nothing is rendered
    tree = environment.parse(file.read_text(encoding="utf-8"))
    lines = "".join(_pieces(tree)).splitlines()
    return [line for line in lines if _has_words(re.sub(r"\S*[./]\S*|^  \S.*$", "", line))]


def _pieces(node: nodes.Node) -> Iterator[str]:
    """What is put out, in order, with all branches; texts of expressions where they may appear."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Output):
        for piece in node.nodes:
            yield from _pieces(piece) if isinstance(piece, nodes.TemplateData) else _results(piece)
    elif not isinstance(node, nodes.Expr):
        for child in node.iter_child_nodes():
            yield from _pieces(child)


def _results(node: nodes.Node) -> Iterator[str]:
    """What an expression may come to, as far as it stands in the template."""
    if isinstance(node, nodes.Const):
        yield str(node.value)
    elif isinstance(node, nodes.CondExpr):
        yield from _results(node.expr1)
        yield from _results(node.expr2) if node.expr2 else ""
    elif isinstance(node, nodes.Concat):
        for part in node.nodes:
            yield from _results(part)
    elif isinstance(node, nodes.Or):
        yield from _results(node.right)
    else:
        yield _GAP


def _arguments(tree: nodes.Node) -> Iterator[str]:
    """Sentences given to macros and put into variables: several words, or one that begins with a capital."""
    for node in _outside_marks(tree):
        if isinstance(node, nodes.Const) and isinstance(node.value, str) and _is_sentence(node.value):
            yield node.value


def _is_sentence(text: str) -> bool:
    return bool(
        re.fullmatch(r"[A-Z][a-z]{2,}[.!?…]?", text) or re.search(r"[A-Z][a-z]* [a-z]+|[a-z]+ [a-z]+ [a-z]+", text)
    )


def _outside_marks(node: nodes.Node) -> Iterator[nodes.Node]:
    for child in node.iter_child_nodes():
        called = child.node if isinstance(child, nodes.Call) else None
        if isinstance(called, nodes.Name) and called.name in KEYWORDS:
            continue
        yield child
        yield from _outside_marks(child)


def _has_words(text: str) -> bool:
    return any(word not in NAMES for word in WORD.findall(text))


class _Reader(HTMLParser):
    """Text between tags, and attributes that people read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._without: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NOT_WORDS:
            self._without.append(tag)
        self.found += [f"{tag}: {value}" for name, value in attrs if name in SAID and _has_words(value or "")]

    def handle_endtag(self, tag: str) -> None:
        if self._without and tag == self._without[-1]:
            self._without.pop()

    def handle_data(self, data: str) -> None:
        text = _ATTRIBUTE.sub("", data).strip()
        if not self._without and text:
            self.found.append(text)
