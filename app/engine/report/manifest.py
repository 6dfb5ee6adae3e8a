"""`viewer/manifest.js`: what the pages' JavaScript must know of each table before it reads a row."""

from collections.abc import Iterator
from typing import Any

from app.engine.report.contents import Contents
from app.engine.report.tables import TableReport
from app.engine.shape import Field
from app.engine.writers.to_viewer import to_script


def render_manifest(contents: Contents) -> bytes:
    # Tables are a list: as the keys of an object, one called `__proto__` would be lost.
    manifest = {
        "locale": contents.formats.language_tag,
        "language": contents.edition.language,
        "timeZone": contents.formats.browser_zone,
        "person": contents.edition.subject.id,
        "part": contents.part,
        "parts": contents.folders,
        "tables": [_describe(table, contents) for table in contents.tables],
    }
    return b"var ARCHIVE = " + to_script(manifest) + b";\n"


def _describe(table: TableReport, contents: Contents) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "isPerson": table.shape.declaration.kind == "subject",
        "file": table.file,
        "rows": table.rows,
        "starts": table.starts,
        "chunkParts": table.chunk_parts,
        "fields": [_field(field, table, contents) for field in table.shape.fields],
        "columns": table.columns,
        "hidden": sorted(table.hidden),
        "yearField": table.year_field,
        "years": sorted(table.years, reverse=True),
        "references": list(_references(table, contents)),
    }


def _field(field: Field, table: TableReport, contents: Contents) -> dict[str, Any]:
    translate = contents.formats.translate
    described: dict[str, Any] = {
        "name": field.name,
        "label": translate(field.label),
        "kind": field.kind,
        "number": field.number,
    }
    if (table.name, field.name) in contents.person_columns:
        described["isPerson"] = True
    if field.words:
        described["words"] = [[value, translate(word)] for value, word in field.words]
    if field.alt:
        described["alt"] = table.shape.find(field.alt)
    return described


def _references(table: TableReport, contents: Contents) -> Iterator[dict[str, Any]]:
    """Only those to tables with a page; columns by their positions."""
    for reference in table.shape.references:
        target = contents.find_table(reference.table)
        if target and target.rows:
            column, to = table.shape.find(reference.column), target.shape.find(reference.to)
            yield {"column": column, "table": target.name, "to": to}
