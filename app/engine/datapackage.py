"""`data/datapackage.json` (Data Package v2): says of every CSV what it holds, in terms that other programs read.

Foreign keys are declared where each of them resolves inside the archive. A column that may hold somebody else's
pseudonym is a string, whatever the database keeps there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Table, TypeDecorator, types

from app.engine.graph import Graph
from app.engine.names import file_name
from app.engine.plan import PlannedTable
from app.engine.shape import Edition, Field
from app.engine.writers.to_csv import escape_formula

PROFILES = "https://datapackage.org/profiles/2.0"
DIALECT = {"header": True, "delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True}
ESCAPED = "In the CSV files, one ' stands before a text that a spreadsheet would calculate, or that begins with '."

Described = dict[str, Any]

_TYPES: tuple[tuple[type, str], ...] = (
    (types.Boolean, "boolean"),
    (types.Integer, "integer"),
    (types.Numeric, "number"),
    (types.Float, "number"),
    (types.DateTime, "datetime"),
    (types.Date, "date"),
)
_UNSURE = frozenset({"boolean", "integer", "number"})
"""A decorator over one of these may well answer something else: amounts with their currency, names of choices."""


def describe_tables(graph: Graph, plan: Sequence[PlannedTable], counts: Sequence[int]) -> list[Described]:
    """A resource for every table that has a CSV, in the plan's order; the files' sizes and sums are not yet known."""
    rows = {planned.shape.name: count for planned, count in zip(plan, counts, strict=True) if count}
    included = {planned.shape.name: planned for planned in plan if planned.shape.name in rows}
    tables = {node.table.fullname: node.table for node in graph.nodes}
    return [_describe(planned, tables[name], included, rows[name]) for name, planned in included.items()]


def write_datapackage(data: Path, edition: Edition, tables: Sequence[Described], digests: Mapping[str, str]) -> None:
    """`digests`: the SHA-256 of each file, by its path beside `data`."""
    for table in tables:
        path = table["path"]
        table["bytes"] = (data / path).stat().st_size
        table["hash"] = f"sha256:{digests[f'data/{path}']}"
    package = {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": f"satchel-{edition.reference.lower()}",
        "title": f"Personal data of one person, from {edition.site}",
        "description": ESCAPED,
        "created": edition.snapshot_at.isoformat(),
        "resources": tables,
    }
    text = json.dumps(package, ensure_ascii=False, indent=1)
    (data / "datapackage.json").write_text(f"{text}\n", encoding="utf-8", newline="\n")


def _describe(planned: PlannedTable, table: Table, included: Mapping[str, PlannedTable], rows: int) -> Described:
    shape = planned.shape
    facts = {"title": shape.declaration.title, "description": shape.declaration.purpose}
    return {
        "name": file_name(shape.name),
        **{key: text for key, text in facts.items() if text},
        "path": f"csv/{file_name(shape.name)}.csv",
        "type": "table",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": DIALECT,
        "rows": rows,
        "schema": _schema(planned, table, included),
    }


def _schema(planned: PlannedTable, table: Table, included: Mapping[str, PlannedTable]) -> Described:
    shape, elsewhere = planned.shape, _pseudonyms(planned)
    fields = [_field(field, table.columns.get(field.name), field.name in elsewhere) for field in shape.fields]
    schema = {"$schema": f"{PROFILES}/tableschema.json", "fields": fields, "missingValues": [""]}
    if set(shape.key) <= {field.name for field in shape.fields}:
        schema["primaryKey"] = [escape_formula(name) for name in shape.key]
    if keys := list(_foreign_keys(planned, table, included)):
        schema["foreignKeys"] = keys
    return schema


def _field(field: Field, column: Column[Any] | None, is_pseudonym: bool) -> Described:
    described = {"name": escape_formula(field.name), "type": "string", "title": field.label}
    if is_pseudonym:
        described["description"] = "Where it is somebody else's: a pseudonym, or the name that they show."
    elif field.kind == "file":
        described["description"] = "The path of a file, seen from this description."
    elif column is not None:
        described["type"] = _type(column)
    return described


def _type(column: Column[Any]) -> str:
    if isinstance(column.type, types.Interval):
        return "number"
    decorated = isinstance(column.type, TypeDecorator)
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    found = next((name for known, name in _TYPES if isinstance(kind, known)), "string")
    return "any" if decorated and found in _UNSURE else found


def _pseudonyms(planned: PlannedTable) -> set[str]:
    """Columns that may hold a pseudonym."""
    return {planned.shape.fields[pointer.column].name for pointer in planned.pointers}


def _foreign_keys(
    planned: PlannedTable, table: Table, included: Mapping[str, PlannedTable]
) -> Iterator[dict[str, object]]:
    for key in sorted(table.foreign_key_constraints, key=lambda key: list(key.column_keys)):
        target = included.get(key.referred_table.fullname)
        here = [element.parent.name for element in key.elements]
        there = [element.column.name for element in key.elements]
        if target and _holds(planned, here) and _holds(target, there) and _is_clear(key):
            # The Data Package standard writes "" for the table itself.
            resource = "" if target is planned else file_name(target.shape.name)
            fields = [escape_formula(name) for name in there]
            yield {
                "fields": [escape_formula(name) for name in here],
                "reference": {"resource": resource, "fields": fields},
            }


def _holds(planned: PlannedTable, names: list[str]) -> bool:
    """These columns are in the archive, with the database's own values."""
    return set(names) <= {field.name for field in planned.shape.fields} - _pseudonyms(planned)


def _is_clear(key: ForeignKeyConstraint) -> bool:
    """SQL lets a key of several columns be half empty and then asks nothing of it; Data Package has no such rule."""
    return len(key.elements) == 1 or not any(element.parent.nullable for element in key.elements)
