"""`viewer/manifest.js`: what the pages' JavaScript must know of each table before it reads a row."""

from pathlib import Path
from typing import Any

from app.engine.report.contents import Contents
from app.engine.report.tables import TableReport
from app.engine.writers.to_viewer import to_script

FORMAT = 1


def write_manifest(path: Path, contents: Contents) -> None:
    # Tables are a list: as the keys of an object, one called `__proto__` would be lost.
    manifest = {
        "format": FORMAT,
        "locale": contents.formats.language_tag,
        "timeZone": contents.formats.browser_zone,
        "person": contents.edition.subject.id,
        "tables": [_describe(table) for table in contents.tables],
    }
    path.write_bytes(b"var ARCHIVE = " + to_script(manifest) + b";\n")


def _describe(table: TableReport) -> dict[str, Any]:
    return {
        "name": table.name,
        "file": table.file,
        "rows": table.rows,
        "starts": table.starts,
        "fields": [
            {"name": field.name, "label": field.label, "kind": field.kind, "number": field.number}
            for field in table.shape.fields
        ],
        "key": table.shape.key,
        "columns": table.columns,
        "hidden": sorted(table.hidden),
        "yearField": table.year_field,
        "years": sorted(table.years, reverse=True),
    }
