"""Reopens a finished archive and checks what it says of itself. Shares no code with what wrote it."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

_CHUNK = 1024**2
csv.field_size_limit(2**31 - 1)  # the default refuses texts over 128 kB


class VerificationError(Exception):
    """The finished file is not what it should be; it must not be published."""


def verify_archive(path: Path, person_id: str, advance: Callable[[int], None] = lambda _: None) -> None:
    """Raises VerificationError with the first thing that is wrong. `advance` is told the bytes just checked."""
    with zipfile.ZipFile(path) as package:
        top = _top_folder(package)
        _check_manifests(package, top, advance)
        coverage = json.loads(package.read(f"{top}/data/coverage.json"))
        for table in coverage["tables"]:
            if table["status"] == "included":
                _check_table(package, top, table)
        _check_person(package, top, coverage["subject"], person_id)


def _top_folder(package: zipfile.ZipFile) -> str:
    names = package.namelist()
    tops = {PurePosixPath(name).parts[0] for name in names}
    if len(tops) != 1:
        raise VerificationError(f"one top folder expected, found {len(tops)}")
    if len(names) != len({name.casefold() for name in names}):
        raise VerificationError("two members have the same name")
    for name in names:
        if name.startswith("/") or "\\" in name or ".." in PurePosixPath(name).parts:
            raise VerificationError(f"unsafe member name: {name}")
    return tops.pop()


def _check_manifests(package: zipfile.ZipFile, top: str, advance: Callable[[int], None]) -> None:
    listed = dict(_read_manifest(package, f"{top}/manifest-sha256.txt"))
    tags = dict(_read_manifest(package, f"{top}/tagmanifest-sha256.txt"))
    unlisted = {name.removeprefix(f"{top}/") for name in package.namelist()} - listed.keys() - tags.keys()
    if unlisted != {"tagmanifest-sha256.txt"}:
        raise VerificationError(f"members that no manifest lists: {sorted(unlisted)}")
    for name, expected in {**listed, **tags}.items():
        if _hash_member(package, f"{top}/{name}", advance) != expected:
            raise VerificationError(f"checksum differs: {name}")


def _read_manifest(package: zipfile.ZipFile, name: str) -> Iterator[tuple[str, str]]:
    for line in package.read(name).decode("utf-8").splitlines():
        digest, _, member = line.partition("  ")
        yield member, digest


def _hash_member(package: zipfile.ZipFile, name: str, advance: Callable[[int], None]) -> str:
    digest = hashlib.sha256()
    try:
        with package.open(name) as member:
            while chunk := member.read(_CHUNK):
                digest.update(chunk)
                advance(len(chunk))
    except (KeyError, zipfile.BadZipFile) as error:
        raise VerificationError(f"{name} cannot be read: {error}") from error
    return digest.hexdigest()


def _check_table(package: zipfile.ZipFile, top: str, table: dict[str, object]) -> None:
    in_json = sum(1 for _ in _json_rows(package, f"{top}/data/{table['json']}"))
    in_csv = _count_csv(package, f"{top}/data/{table['csv']}")
    if not in_json == in_csv == table["rows"]:
        raise VerificationError(
            f"{table['table']}: {table['rows']} rows in the database, {in_json} in JSON, {in_csv} in CSV"
        )


def _json_rows(package: zipfile.ZipFile, name: str) -> Iterator[dict[str, object]]:
    """One row a line, between the brackets; reads a line at a time."""
    with package.open(name) as member:
        for line in io.TextIOWrapper(member, encoding="utf-8", newline="\n"):
            text = line.strip().rstrip(",")
            if text not in {"[", "]", "[]"}:
                yield json.loads(text)


def _count_csv(package: zipfile.ZipFile, name: str) -> int:
    with package.open(name) as member:
        rows = csv.reader(io.TextIOWrapper(member, encoding="utf-8-sig", newline=""))
        return sum(1 for _ in rows) - 1


def _check_person(package: zipfile.ZipFile, top: str, subject: dict[str, str], person_id: str) -> None:
    people = [str(row[subject["key"]]) for row in _json_rows(package, f"{top}/data/{subject['json']}")]
    if people != [person_id]:
        raise VerificationError("the archive is not about this person, or not about one person only")
