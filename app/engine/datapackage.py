"""`data/datapackage.json` (Data Package v2): says of every table what it holds, in terms that other programs read.

Foreign keys are declared where each of them resolves inside the archive; in a part, where the table that they lead
to lies in it as a whole. A column that may hold somebody else's pseudonym is a string, whatever the database keeps
there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Table, TypeDecorator, types

from app.engine.graph import Graph, Node
from app.engine.marking import mark, translate
from app.engine.names import data_path, file_name
from app.engine.owners import find_owner_keys, keys_to
from app.engine.package import Part
from app.engine.plan import PlannedTable
from app.engine.schema import stored_type
from app.engine.shape import Edition, Field
from app.engine.values import DURATIONS
from app.engine.writers.to_csv import escape_formula
from app.engine.writers.to_json import encode_document

PROFILES = "https://datapackage.org/profiles/2.0"
FILE_CLASS = "https://schema.org/MediaObject"
DIALECT = {"header": True, "delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True}
ESCAPED = mark("In CSV files, one ' stands before a text that a spreadsheet would calculate, or that begins with '.")

Described = dict[str, Any]
ELSEWHERE = "foreignKeysBeyondThisPart"
"""A name of ours, which other programs pass over: keys that can only be followed with the other parts."""
OWNERS = "ownerKeys"
"""Another: keys of which one at least leads from each row to a row of the archive."""
REFERRED = "rowsAreReferredTo"
"""Another: to each row leads a foreign key of the archive."""

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


@dataclass(frozen=True)
class TableDescription:
    table: str
    rows: int
    """In the whole archive."""
    facts: Described
    schema: Described
    foreign_keys: tuple[tuple[str, Described], ...]
    """Each with the table that it leads to."""


def describe_tables(
    graph: Graph, plan: Sequence[PlannedTable], counts: Sequence[int], edition: Edition, *, in_csv: bool
) -> list[TableDescription]:
    """One for every table with rows, in the plan's order; of its CSV, or else of its JSON. What it says to people is
    in their language.
    """
    rows = {planned.shape.name: count for planned, count in zip(plan, counts, strict=True) if count}
    included = {planned.shape.name: planned for planned in plan if planned.shape.name in rows}
    nodes = {node.name: node for node in graph.nodes}
    say = partial(translate, translations=edition.translations)
    describe = _Describing(graph, included, say, in_csv=in_csv).describe
    return [describe(planned, nodes[name], rows[name]) for name, planned in included.items()]


def render_datapackage(edition: Edition, tables: Sequence[TableDescription], part: Part) -> bytes:
    """Of the part that has all its tables already."""
    say = partial(translate, translations=edition.translations)
    package = {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": f"satchel-{edition.reference.lower()}",
        "title": say(mark("Personal data of one person, from %(site)s")) % {"site": edition.site},
        "description": say(ESCAPED),
        "created": edition.snapshot_at.isoformat(),
        "resources": list(_resources(tables, part)),
    }
    return encode_document(package)


def _resources(tables: Sequence[TableDescription], part: Part) -> Iterator[Described]:
    whole = {table.table for table in tables if part.rows.get(table.table) == table.rows}
    for table in tables:
        if table.table in part.rows:
            yield {
                "name": file_name(table.table),
                **table.facts,
                **_file(table.table, part),
                "rows": part.rows[table.table],
                "schema": {**table.schema, **_divide(table, whole)},
            }


def _file(table: str, part: Part) -> Described:
    """The CSV, or the JSON where no CSV was asked for."""
    csv = data_path(table, "csv")
    path = csv if f"data/{csv}" in part.members else data_path(table, "json")
    member = part.members[f"data/{path}"]
    # Frictionless cannot tell the size and the sum of a JSON file, and so refuses what is said of them.
    form: Described = {"format": "json", "mediatype": "application/json"}
    if path == csv:
        size = {"bytes": member.size, "hash": f"sha256:{member.sha256}"}
        form = {"format": "csv", "mediatype": "text/csv", "dialect": DIALECT, **size}
    return {"path": path, "type": "table", "encoding": "utf-8", **form}


def _divide(table: TableDescription, whole: set[str]) -> Described:
    here = [key for target, key in table.foreign_keys if target in whole]
    beyond = [key for target, key in table.foreign_keys if target not in whole]
    return {name: keys for name, keys in (("foreignKeys", here), (ELSEWHERE, beyond)) if keys}


class _Describing:
    """CSV has its column names escaped like its cells, and only text in them; JSON has both as they are."""

    def __init__(
        self, graph: Graph, included: Mapping[str, PlannedTable], translate: Callable[[str], str], *, in_csv: bool
    ) -> None:
        self._graph = graph
        self._included = included
        self._translate = translate
        self._name: Callable[[str], str] = escape_formula if in_csv else str
        self._mixed = "string" if in_csv else "any"

    def describe(self, planned: PlannedTable, node: Node, rows: int) -> TableDescription:
        shape = planned.shape
        told = {"title": shape.declaration.title, "description": shape.declaration.purpose}
        facts = {name: self._translate(text) for name, text in told.items() if text}
        schema = {**self._schema(planned, node.table), **self._belonging(planned, node)}
        return TableDescription(shape.name, rows, facts, schema, tuple(self._foreign_keys(planned, node.table)))

    def _schema(self, planned: PlannedTable, table: Table) -> Described:
        shape, elsewhere = planned.shape, _pseudonyms(planned)
        columns = {column.name: column for column in table.columns}
        fields = [self._field(field, columns.get(field.name), field.name in elsewhere) for field in shape.fields]
        schema = {"$schema": f"{PROFILES}/tableschema.json", "fields": fields, "missingValues": [""]}
        if set(shape.key) <= {field.name for field in shape.fields}:
            schema["primaryKey"] = list(map(self._name, shape.key))
        return schema

    def _field(self, field: Field, column: Column[Any] | None, is_pseudonym: bool) -> Described:
        described = {"name": self._name(field.name), "type": "string", "title": self._translate(field.label)}
        if is_pseudonym:
            told = mark("Where it is somebody else's: a pseudonym, or the name that they show.")
            described |= {"type": self._mixed, "description": self._translate(told)}
        elif field.kind == "file":
            told = mark("The path of a file, seen from this description.")
            described |= {"description": self._translate(told), "rdfType": FILE_CLASS}
        elif field.kind == "json":
            described["type"] = self._mixed
        elif column is not None:
            described |= {"type": _type(column), **self._categories(field, column)}
        return described

    def _categories(self, field: Field, column: Column[Any]) -> Described:
        """The standard's word for codes with labels; no other value may stand there, which only an Enum promises."""
        is_text = all(isinstance(value, str) for value, _word in field.words)
        if not field.words or not is_text or not isinstance(stored_type(column), types.Enum):
            return {}
        pairs = [(self._name(value), self._translate(word)) for value, word in field.words]
        return {"categories": [{"value": value, "label": label} for value, label in pairs]}

    def _foreign_keys(self, planned: PlannedTable, table: Table) -> Iterator[tuple[str, Described]]:
        for key in sorted(table.foreign_key_constraints, key=lambda key: list(key.column_keys)):
            target = self._included.get(key.referred_table.fullname)
            here, there = _columns(key)
            if target and _holds(planned, here) and _holds(target, there) and _is_clear(key):
                yield target.shape.name, self._key(planned, target, key)

    def _key(self, planned: PlannedTable, target: PlannedTable, key: ForeignKeyConstraint) -> Described:
        here, there = _columns(key)
        # The Data Package standard writes "" for the table itself.
        resource = "" if target is planned else file_name(target.shape.name)
        reference = {"resource": resource, "fields": list(map(self._name, there))}
        return {"fields": list(map(self._name, here)), "reference": reference}

    def _belonging(self, planned: PlannedTable, node: Node) -> Described:
        """Why each row is here, where the foreign keys do not say it."""
        if node.declaration.kind == "reference":
            return {REFERRED: True} if all(map(_is_clear, keys_to(self._graph, node.table))) else {}
        keys = find_owner_keys(self._graph, node)
        targets = [(key, self._included.get(key.referred_table.fullname)) for key in keys]
        owners = [self._key(planned, target, key) for key, target in targets if target]
        return {OWNERS: owners} if owners else {}


def _type(column: Column[Any]) -> str:
    if isinstance(column.type, DURATIONS):
        return "number"
    decorated = isinstance(column.type, TypeDecorator)
    kind = stored_type(column)
    found = next((name for known, name in _TYPES if isinstance(kind, known)), "string")
    return "any" if decorated and found in _UNSURE else found


def _pseudonyms(planned: PlannedTable) -> set[str]:
    """Columns that may hold a pseudonym."""
    return {planned.shape.fields[pointer.column].name for pointer in planned.pointers}


def _columns(key: ForeignKeyConstraint) -> tuple[list[str], list[str]]:
    """Names of those that point, and of those that they point to."""
    return [each.parent.name for each in key.elements], [each.column.name for each in key.elements]


def _holds(planned: PlannedTable, names: list[str]) -> bool:
    """These columns are in the archive, with the database's own values."""
    return set(names) <= {field.name for field in planned.shape.fields} - _pseudonyms(planned)


def _is_clear(key: ForeignKeyConstraint) -> bool:
    """SQL lets a key of several columns be half empty and then asks nothing of it; Data Package has no such rule."""
    return len(key.elements) == 1 or not any(element.parent.nullable for element in key.elements)
