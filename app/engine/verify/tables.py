"""The tables of an archive: their rows are counted and their keys followed, and all that describes them must agree."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any

from app.engine.verify.container import Container
from app.engine.verify.keys import Keys, watch
from app.engine.verify.manifests import Manifests
from app.engine.verify.problems import VerificationError, raise_all
from app.engine.verify.rows import read_csv, read_json

COVERAGE, PACKAGE = "data/coverage.json", "data/datapackage.json"


@dataclass
class Table:
    name: str
    rows: int
    """As the database counted them."""
    json: str
    csv: str
    resource: dict[str, Any]
    header: list[str]
    """Names of the columns as the CSV has them."""
    in_json: int = 0
    in_csv: int = 0
    watchers: list[Callable[[list[str]], None]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Names of the columns as the JSON has them."""
        return [name.removeprefix("'") for name in self.header]


@dataclass(frozen=True)
class Reference:
    """A foreign key: the values it has, and those it may have."""

    text: str
    values: Keys
    targets: Keys


@dataclass
class Tables:
    tables: list[Table]
    references: list[Reference]
    subject: str
    """The JSON member with the person's own row."""
    key: str
    limit: int
    people: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    def readers(self) -> dict[str, Callable[[IO[bytes]], None]]:
        """For each member with rows, what reads it."""
        from_json = {table.json: partial(self._read_json, table) for table in self.tables}
        return {**from_json, **{table.csv: partial(self._read_csv, table) for table in self.tables}}

    def _read_json(self, table: Table, stream: IO[bytes]) -> None:
        names, is_subject = table.names, table.json == self.subject
        for row in read_json(stream, self.limit):
            if list(row) != names:
                raise VerificationError("a row has other columns than the data package says")
            if is_subject and table.in_json <= 1:
                self.people.append(str(row[self.key]))
            table.in_json += 1

    def _read_csv(self, table: Table, stream: IO[bytes]) -> None:
        rows = read_csv(stream, self.limit)
        if next(rows, []) != table.header:
            raise VerificationError("the first line has other columns than the data package says")
        width, watchers = len(table.header), table.watchers
        for row in rows:
            if len(row) != width:
                raise VerificationError(f"row {table.in_csv + 1} has {len(row)} cells in place of {width}")
            for see in watchers:
                see(row)
            table.in_csv += 1

    def check_rows(self) -> None:
        raise_all(
            f"{table.name}: {table.rows} rows in the database, {table.in_json} in JSON, {table.in_csv} in CSV"
            for table in self.tables
            if not table.rows == table.in_json == table.in_csv
        )

    def check_package(self, container: Container, manifests: Manifests) -> None:
        for table in self.tables:
            said = {key: table.resource.get(key) for key in ("rows", "bytes", "hash")}
            size, digest = container.members[table.csv].file_size, f"sha256:{manifests.digests[table.csv]}"
            if said != {"rows": table.rows, "bytes": size, "hash": digest}:
                raise VerificationError(f"{PACKAGE} says of {table.name} what is not so: {said}")

    def check_references(self) -> None:
        missing = ((each.text, each.values.count_missing(each.targets)) for each in self.references)
        raise_all(f"{text}: {count} values lead to rows that are not here" for text, count in missing if count)

    def check_person(self, expected: str | None) -> str:
        if len(self.people) != 1 or expected not in {None, self.people[0]}:
            raise VerificationError("the archive is not about this person, or not about one person only")
        return self.people[0]


def read_tables(container: Container) -> Tables:
    """What the coverage statement and the data package say; they must speak of the same tables."""
    coverage, package = _load(container, COVERAGE), _load(container, PACKAGE)
    try:
        resources = {f"data/{each['path']}": each for each in package["resources"]}
        included = [each for each in coverage["tables"] if each["status"] == "included"]
        tables = [_table(each, resources) for each in included]
        subject, key = f"data/{coverage['subject']['json']}", coverage["subject"]["key"]
        found = Tables(tables, _references(tables), subject, key, container.limits.row)
        described = {table.csv for table in tables}
        _check_complete(container, {*described, *(table.json for table in tables)})
        raise_all(f"{PACKAGE} describes what coverage.json does not: {name}" for name in resources.keys() - described)
        _check_key(found)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise VerificationError(f"coverage.json and datapackage.json do not fit: {error!r}") from error
    return found


def _load(container: Container, name: str) -> dict[str, Any]:
    try:
        found = json.loads(container.read(name))
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"{name} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise VerificationError(f"{name} is not an object in JSON")
    return found


def _table(line: dict[str, Any], resources: dict[str, dict[str, Any]]) -> Table:
    csv = f"data/{line['csv']}"
    resource = resources[csv]
    header = [str(each["name"]) for each in resource["schema"]["fields"]]
    return Table(str(line["table"]), line["rows"], f"data/{line['json']}", csv, resource, header)


def _references(tables: list[Table]) -> list[Reference]:
    by_name = {table.resource["name"]: table for table in tables}
    return [
        _reference(table, by_name, key) for table in tables for key in table.resource["schema"].get("foreignKeys", [])
    ]


def _reference(table: Table, by_name: dict[str, Table], key: dict[str, Any]) -> Reference:
    target = by_name[key["reference"]["resource"]] if key["reference"]["resource"] else table
    values, targets = Keys(), Keys()
    table.watchers.append(watch(tuple(map(table.header.index, key["fields"])), values))
    target.watchers.append(watch(tuple(map(target.header.index, key["reference"]["fields"])), targets))
    return Reference(f"{table.name}.{', '.join(key['fields'])}", values, targets)


def _check_complete(container: Container, described: set[str]) -> None:
    held = {name for name in container.members if name.startswith(("data/json/", "data/csv/"))}
    raise_all(f"{name} is missing, although coverage.json lists it" for name in sorted(described - held))
    raise_all(f"{name} is a table that coverage.json does not list" for name in sorted(held - described))


def _check_key(tables: Tables) -> None:
    if not any(table.json == tables.subject and tables.key in table.names for table in tables.tables):
        raise VerificationError("coverage.json does not say which table holds the person")
