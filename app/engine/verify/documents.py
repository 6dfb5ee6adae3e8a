"""The coverage statement and the data package of one archive file: what they say, and that they speak of the same."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from app.engine.verify.choices import tell_left_out
from app.engine.verify.container import Container
from app.engine.verify.json_text import check_utf_8, read_json
from app.engine.verify.limits import Limits
from app.engine.verify.problems import VerificationError, naming, raise_all

COVERAGE, PACKAGE = "data/coverage.json", "data/datapackage.json"
FILE_CLASS = "https://schema.org/MediaObject"
"""What the data package says of a column that names files."""

ForeignKey = tuple[tuple[str, ...], str, tuple[str, ...]]
"""Columns here, the name of the resource there, columns there."""
_NOTHING = msgspec.Raw()


@dataclass(frozen=True)
class Held:
    """What one archive file says that it holds of one table."""

    name: str
    total: int
    """Rows of the whole archive, as the database counted them."""
    rows: int
    """Of them in this file."""
    json: str
    csv: str | None
    resource: dict[str, Any] = field(repr=False)

    @cached_property
    def header(self) -> list[str]:
        """Names of the columns as the described file has them."""
        return [each["name"] for each in self.resource["schema"]["fields"]]

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns as the JSON has them."""
        return self.header if self.csv is None else [name.removeprefix("'") for name in self.header]

    @cached_property
    def positions(self) -> dict[str, int]:
        """Of each name of the header."""
        return {name: position for position, name in enumerate(self.header)}

    @property
    def described(self) -> str:
        """The member that the data package describes."""
        return self.csv or self.json

    @cached_property
    def file_columns(self) -> list[int]:
        fields = self.resource["schema"]["fields"]
        return [position for position, each in enumerate(fields) if each.get("rdfType") == FILE_CLASS]

    @property
    def resource_name(self) -> str:
        return str(self.resource["name"])

    @property
    def keys_within(self) -> set[ForeignKey]:
        """Those whose target is said to lie wholly in this file."""
        return self._keys("foreignKeys")

    @property
    def keys(self) -> set[ForeignKey]:
        return self.keys_within | self._keys("foreignKeysBeyondThisPart")

    @property
    def owner_keys(self) -> set[ForeignKey]:
        """One at least leads from each row to a row of the archive."""
        return self._keys("ownerKeys")

    @property
    def is_referred_to(self) -> bool:
        """To each row leads a foreign key of the archive."""
        return self.resource["schema"].get("rowsAreReferredTo") is True

    def _keys(self, kind: str) -> set[ForeignKey]:
        return {
            (_columns(each), str(reference["resource"]) or self.resource_name, _columns(reference))
            for each in self.resource["schema"].get(kind, [])
            for reference in [each["reference"]]
        }


def _columns(key: dict[str, Any]) -> tuple[str, ...]:
    """A text in the place of a list would be as many columns as it has letters."""
    if not isinstance(key["fields"], list):
        raise TypeError(key["fields"])
    return tuple(map(str, key["fields"]))


@dataclass(frozen=True)
class Documents:
    number: int
    """Which part of the archive this file is, from 1."""
    folders: tuple[str, ...]
    """Names of all parts' top folders."""
    tables: list[Held]
    totals: dict[str, int]
    """Rows of each included table in the whole archive."""
    subject: str
    """The JSON member with the person's own row; part 1 has it."""
    key: str
    left_out: tuple[str, ...]
    """What the person's choices keep out of the whole archive, in words."""
    common: dict[str, Any] = field(repr=False)
    """What every part of the archive must say alike."""


class _Statement(msgspec.Struct):
    """coverage.json, with each value as its text: made into objects, a million gaps would take some hundred megabytes.

    What else may stand there some day is passed over.
    """

    format: msgspec.Raw = _NOTHING
    snapshot_at: msgspec.Raw = _NOTHING
    part: msgspec.Raw = _NOTHING
    subject: msgspec.Raw = _NOTHING
    choices: msgspec.Raw = _NOTHING
    tables: msgspec.Raw = _NOTHING
    gaps: msgspec.Raw = _NOTHING


_split = msgspec.json.Decoder(_Statement).decode


def read_documents(container: Container) -> Documents:
    coverage, package = _load_coverage(container), _load(container, PACKAGE)
    try:
        found = _read(container, coverage, package)
        _check(container, found, package)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
        raise VerificationError(f"coverage.json and datapackage.json do not fit: {error!r}") from error
    return found


def _load(container: Container, name: str) -> dict[str, Any]:
    text = container.read(name, container.limits.document)
    with _reading(name):
        found = read_json(text, container.limits.values)
    if not isinstance(found, dict):
        raise VerificationError(f"{name} is not an object in JSON")
    return found


def _load_coverage(container: Container) -> dict[str, Any]:
    """Its gaps may be very many, and only their sum is needed: all parts must list the same."""
    limits = container.limits
    text = container.read(COVERAGE, limits.gaps)
    with _reading(COVERAGE):
        check_utf_8(text)
        said = msgspec.structs.asdict(_split(text))
        gaps = hashlib.sha256(said.pop("gaps")).digest()
        values = {name: value for name, raw in said.items() if (value := memoryview(raw))}
        if sum(map(len, values.values())) > limits.document:
            raise VerificationError(f"it has more than {limits.document:,} bytes beside the gaps, and is not read")
        found = read_json(b"[%b]" % b",".join(values.values()), limits.values)
    return dict(zip(values, found, strict=True)) | {"gaps": gaps}


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        with naming(f"{name}: "):
            yield
    except msgspec.ValidationError as error:
        raise VerificationError(f"{name} is not an object in JSON") from error
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"{name} is not JSON: {error}") from error


def _read(container: Container, coverage: dict[str, Any], package: dict[str, Any]) -> Documents:
    resources = {f"data/{each['path']}": each for each in package["resources"]}
    part = coverage.get("part", {"number": 1, "of": 1, "folders": [container.top]})  # older ones do not say
    included = [line for line in coverage["tables"] if line["status"] == "included"]
    if int(part["of"]) != len(part["folders"]) or not 1 <= int(part["number"]) <= int(part["of"]):
        raise ValueError(part["number"])
    return Documents(
        part["number"],
        tuple(map(str, part["folders"])),
        [_hold(line, resources) for line in included if _rows_here(line)],
        {str(line["table"]): int(line["rows"]) for line in included},
        f"data/{coverage['subject']['json']}",
        str(coverage["subject"]["key"]),
        tuple(tell_left_out(coverage)),
        _common(coverage, part),
    )


def _rows_here(line: dict[str, Any]) -> int:
    return int(line.get("rows_here", line["rows"]))


def _hold(line: dict[str, Any], resources: dict[str, dict[str, Any]]) -> Held:
    json_member, csv_member = f"data/{line['json']}", f"data/{line['csv']}" if "csv" in line else None
    resource = resources[csv_member or json_member]
    return Held(str(line["table"]), int(line["rows"]), _rows_here(line), json_member, csv_member, resource)


def _common(coverage: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Without what is of one part."""
    tables = [
        {key: value for key, value in line.items() if key not in {"rows_here", "json", "csv"}}
        for line in coverage["tables"]
    ]
    return {**coverage, "tables": tables, "part": {**part, "number": None}}


def _check(container: Container, found: Documents, package: dict[str, Any]) -> None:
    if container.top != found.folders[found.number - 1]:
        raise VerificationError(f"the top folder is not {found.folders[found.number - 1]}, as coverage.json says")
    listed = [name for table in found.tables for name in (table.json, table.csv) if name]
    held = {name for name in container.members if name.startswith(("data/json/", "data/csv/"))}
    raise_all(f"{name} is missing, although coverage.json lists it" for name in sorted(set(listed) - held))
    raise_all(f"{name} is a table that coverage.json does not list" for name in sorted(held - set(listed)))
    described = sorted(table.described for table in found.tables)
    if described != sorted(f"data/{each['path']}" for each in package["resources"]) or len(set(listed)) != len(listed):
        raise VerificationError(f"{PACKAGE} describes other tables than coverage.json")
    raise_all(
        f"coverage.json says that {table.name} has {table.rows} rows" for table in found.tables if table.rows < 0
    )
    for table in found.tables:
        check_columns(table, container.limits)
    people = [each for each in found.tables if each.json == found.subject]
    if not all(found.key in each.names for each in people) or (found.number == 1 and not people):
        raise VerificationError("coverage.json does not say which table holds the person")


def check_columns(table: Held, limits: Limits) -> None:
    """Raises ValueError for a key of columns that are not there, TypeError for a name that is no text."""
    names = [table.name, table.resource["name"], *table.header]
    if not table.header or not all(isinstance(name, str) for name in names):
        raise TypeError(table.name)
    if len(table.header) > limits.columns or max(map(len, names)) > limits.name:
        raise VerificationError(
            f"{PACKAGE}: {table.name[:100]} has more than {limits.columns:,} columns, or a name of more than "
            f"{limits.name:,} characters, and is not read"
        )
    if len(set(table.names)) != len(table.names):
        raise ValueError(f"{table.name} has two columns of one name")
    for fields, _resource, there in table.keys | table.owner_keys:
        if not fields or len(fields) != len(there) or not table.positions.keys() >= set(fields):
            raise ValueError(f"{table.name} has a key of {fields}")
