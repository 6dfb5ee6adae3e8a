"""The report's HTML: an overview, a page for each table, the coverage statement, and what this archive is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes, select_autoescape
from markupsafe import Markup

from app.engine.report.cells import draw_row, to_cell
from app.engine.report.chart import draw_bars
from app.engine.report.contents import Contents
from app.engine.report.icons import draw_icon
from app.engine.report.tables import TableReport
from app.engine.shape import ENGLISH_WORDS, Field, TableShape

GAPS_SHOWN = 1000
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Column:
    label: str
    kind: str
    is_hidden: bool


def render_pages(contents: Contents) -> Iterator[tuple[str, bytes]]:
    for template, page, facts in _list_pages(contents):
        yield page, _render(template, page, contents, **facts)
    yield render_readme(contents)


def render_readme(contents: Contents) -> tuple[str, bytes]:
    return "README.txt", _render("README.txt.j2", "README.txt", contents)


def _render(template: str, page: str, contents: Contents, **facts: Any) -> bytes:
    shared: dict[str, Any] = {"contents": contents, "edition": contents.edition, "formats": contents.formats}
    text = load_templates(contents.edition.translations).get_template(template).render(**shared, page=page, **facts)
    # Half of a surrogate pair has no UTF-8; one such value must not cost the person the archive.
    return text.encode("utf-8", "replace")


def _list_pages(contents: Contents) -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "index.html.j2", "index.html", {"bars": draw_bars(contents.years)}
    for table in contents.tables:
        columns = [_column(table, position, contents) for position in table.columns]
        yield "table.html.j2", table.page, {"table": table, "columns": columns, "rows": _draw_rows(table, contents)}
    yield "coverage.html.j2", "coverage.html", {"gaps_shown": GAPS_SHOWN}
    yield "about.html.j2", "about.html", {}


class _Speaking(Environment):
    """Texts without values are translated when a template is compiled: in each page that took longer than its rows."""

    translations = ENGLISH_WORDS

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        for parent in source.find_all(nodes.Output):
            parent.nodes = [self._say(node) for node in parent.nodes]
        return super()._generate(source, *args, **kwargs)

    def _say(self, node: nodes.Expr) -> nodes.Expr:
        match node:
            case nodes.Call(
                node=nodes.Name(name="_" | "gettext"), args=[nodes.Const(value=text)], kwargs=[], dyn_kwargs=None
            ):
                return nodes.TemplateData(self.translations.gettext(text) % {}, lineno=node.lineno)
        return node


@cache
def load_templates(translations: NullTranslations) -> Environment:
    """Once for a process and language: small archives cost little else."""
    environment = _Speaking(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.translations = translations
    environment.policies["ext.i18n.trimmed"] = True
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]  # of i18n
    environment.filters["icon"] = draw_icon
    environment.filters["one_line"] = lambda text: " ".join(CONTROL.sub(" ", text).split())
    return environment


def _column(table: TableReport, position: int, contents: Contents) -> Column:
    field = table.shape.fields[position]
    return Column(contents.formats.translate(field.label), field.kind, position in table.hidden)


def _draw_rows(table: TableReport, contents: Contents) -> Iterator[Markup]:
    """The first rows; the cell that names one stands first in it."""
    fields = [_find(table.shape, position) for position in table.columns]
    marks = [" machine" if position in table.hidden else "" for position in table.columns[1:]]
    person, yours = contents.edition.subject.id, contents.person_columns
    persons = [person if (table.name, field.name) in yours else None for field, _, _ in fields]
    for row, part in zip(table.first_rows, table.first_parts, strict=True):
        base = contents.base_of(part)
        head, *others = (
            to_cell(field, row[place], contents.formats, you, base, alt="" if alt is None else str(row[alt] or ""))
            for (field, place, alt), you in zip(fields, persons, strict=True)
        )
        yield draw_row(head, list(zip(others, marks, strict=True)))


def _find(shape: TableShape, position: int) -> tuple[Field, int, int | None]:
    """A field with its position, and that of the field that says what its pictures show."""
    field = shape.fields[position]
    return field, position, shape.find(field.alt) if field.alt else None
