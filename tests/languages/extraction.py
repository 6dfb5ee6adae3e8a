"""Every text that people read: in templates, Python, the report's JavaScript, and the register's declarations."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract, extract_from_file
from sqlalchemy import MetaData

from app.engine.graph import Graph, build_graph
from app.engine.plan import plan_tables
from app.engine.register import Internal, Words
from app.engine.report import ASSETS
from app.engine.report.words import WORDS, find_texts
from app.engine.schema import column_declaration
from app.extensions import db

APP = Path(__file__).parents[2] / "app"
ONE, SEVERAL = None, (1, 2)
KEYWORDS = {
    **dict.fromkeys(("_", "_l", "gettext", "lazy_gettext", "translate", "mark"), ONE),
    **dict.fromkeys(("ngettext", "lazy_ngettext", "translate_count"), SEVERAL),
}
TEMPLATES = {
    "web/templates": {},
    "mails/templates": {"trim_blocks": "true"},
    "engine/report/templates": {"trim_blocks": "true", "lstrip_blocks": "true"},
}
"""Each folder, and how its templates are read, where that changes what `{% trans %}` says."""
FACTS = ("title", "purpose", "retention", "recipients", "source", "reason")
Message = str | tuple[str, ...]


def extract_all() -> Catalog:
    catalog = Catalog()
    for place, message in sorted(_find_all(), key=lambda found: found[0]):
        catalog.add(message, locations=[(place, 0)])
    return catalog


def _find_all() -> Iterator[tuple[str, Message]]:
    """Each with where it stands, without a line: lines would change with every commit."""
    yield from _in_python()
    yield from _in_templates()
    yield from ((f"app/engine/report/assets/{WORDS}", text) for text in find_texts((ASSETS / WORDS).read_bytes()))
    yield from find_declared(db.metadata)


def _in_python() -> Iterator[tuple[str, Message]]:
    for file in sorted(APP.rglob("*.py")):
        for _line, message, _comments, _context in extract_from_file("python", file, keywords=KEYWORDS):
            yield _place(file), message


def find_marked(source: str) -> Iterator[str]:
    """What Python code marks, by its syntax tree. Babel reads words, and passes over those inside an f-string."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (name := _name(node.func)) in KEYWORDS:
            for argument in node.args[: len(KEYWORDS[name] or (1,))]:
                parts = (part.value for part in ast.walk(argument) if isinstance(part, ast.Constant))
                yield from (part for part in parts if isinstance(part, str))


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")


def _in_templates() -> Iterator[tuple[str, Message]]:
    for file, options in list_templates():
        with file.open("rb") as source:
            given = {**options, "trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
            found = extract("jinja2.ext:babel_extract", source, keywords=KEYWORDS, options=given)
            for _line, message, _comments, _context in found:
                yield _place(file), message


def list_templates() -> Iterator[tuple[Path, dict[str, str]]]:
    for folder, options in TEMPLATES.items():
        files: Iterable[Path] = (APP / folder).rglob("*.*")
        yield from ((file, options) for file in sorted(files))


def find_declared(metadata: MetaData) -> Iterator[tuple[str, str]]:
    """What the register says of tables and columns, and the columns' titles, which are made of their names."""
    graph = build_graph(metadata)
    for node in graph.nodes:
        texts = [getattr(node.declaration, fact) for fact in FACTS]
        for declared in map(column_declaration, node.table.columns):
            if isinstance(declared, Internal):
                texts.append(declared.reason)
            elif isinstance(declared, Words):
                texts += [word for _code, word in declared.pairs]
        yield from ((f"register:{node.name}", text) for text in texts if text)
    yield from _titles(graph)


def _titles(graph: Graph) -> Iterator[tuple[str, str]]:
    for planned in plan_tables(graph, "0" * 32):
        yield from ((f"register:{planned.shape.name}", field.label) for field in planned.shape.fields)


def _place(file: Path) -> str:
    return str(file.relative_to(APP.parent))
