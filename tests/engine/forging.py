"""Archives made over for the tests of the verifier: packed, sealed, divided into parts, or without a format."""

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from app.engine.minisign import Signer

Members = dict[str, bytes]
Shares = list[dict[str, slice]]
"""For each part, the rows of each table that it gets."""

TAGS = ("tagmanifest-sha256.txt", "tagmanifest-sha256.txt.minisig", "manifest-sha256.txt")


def unpack(path: Path) -> Members:
    """By name below the top folder."""
    with zipfile.ZipFile(path) as package:
        return {name.partition("/")[2]: package.read(name) for name in package.namelist()}


def pack(path: Path, members: Members, top: str = "") -> Path:
    """`top`: the folder, unless it is the one that the coverage statement names."""
    top = top or find_top(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(f"{top}/{name}", content)
    return path


def find_top(members: Members) -> str:
    """The folder that the coverage statement names, if it is one."""
    try:
        part = json.loads(members["data/coverage.json"])["part"]
        return str(part["folders"][part["number"] - 1])
    except (LookupError, TypeError, ValueError, RecursionError):
        return "top"


def seal(members: Members, signer: Signer | None = None) -> Members:
    """With manifests that fit, as somebody who makes a false archive would have them."""
    sealed = {name: content for name, content in members.items() if name not in TAGS}
    payload = {name for name in sealed if name.startswith("data/")}
    sealed["manifest-sha256.txt"] = _list(sealed, payload)
    sealed["tagmanifest-sha256.txt"] = _list(sealed, sealed.keys() - payload)
    if signer:
        signature = signer.sign(sealed["tagmanifest-sha256.txt"], "a comment")
        sealed["tagmanifest-sha256.txt.minisig"] = signature.encode()
    return sealed


def _list(members: Members, names: set[str]) -> bytes:
    return "".join(f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n" for name in sorted(names)).encode()


def change(members: Members, name: str, old: str, new: str) -> None:
    """In one member, which must hold `old`."""
    assert old.encode() in members[name]
    members[name] = members[name].replace(old.encode(), new.encode())


def describe(members: Members) -> None:
    """Let the data package fit the tables that it describes."""
    package = json.loads(members["data/datapackage.json"])
    for resource in package["resources"]:
        content = members[f"data/{resource['path']}"]
        resource |= {"bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    members["data/datapackage.json"] = json.dumps(package).encode()


def drop_csv(members: Members) -> Members:
    """As an archive is whose owner chose no CSV."""
    kept = {name: content for name, content in members.items() if not name.startswith("data/csv/")}
    coverage, package = (json.loads(kept[f"data/{name}.json"]) for name in ("coverage", "datapackage"))
    for line in coverage["tables"]:
        line.pop("csv", None)
    for resource in package["resources"]:
        del resource["dialect"]
        resource |= {"path": f"json/{resource['name']}.json", "format": "json", "mediatype": "application/json"}
    kept["data/coverage.json"], kept["data/datapackage.json"] = (
        json.dumps(each).encode() for each in (coverage, package)
    )
    describe(kept)
    return kept


def divide(members: Members, shares: Shares) -> list[Members]:
    """The archive in parts, each with some rows of some tables."""
    folders = [
        "satchel-2026-01-02-A1B2C3D4",
        *(f"satchel-2026-01-02-A1B2C3D4-part{n}" for n in range(2, len(shares) + 1)),
    ]
    return [
        _part(members, share, {"number": n, "of": len(shares), "folders": folders})
        for n, share in enumerate(shares, 1)
    ]


def _part(members: Members, share: dict[str, slice], part: dict[str, Any]) -> Members:
    own = {name: content for name, content in members.items() if not name.startswith("data/")}
    group = f"Bag-Group-Identifier: {part['folders'][0]}\nBag-Count: {part['number']} of {part['of']}\n"
    own["bag-info.txt"] += group.encode()
    coverage = json.loads(members["data/coverage.json"]) | {"part": part}
    for line in coverage["tables"]:
        line["rows_here"] = 0
        if line["table"] in share:
            line["rows_here"] = _cut(members, own, line, share[line["table"]])
        if not line["rows_here"]:
            line.pop("json", None)
            line.pop("csv", None)
    own["data/coverage.json"] = json.dumps(coverage).encode()
    own["data/datapackage.json"] = _package(members, {line["table"]: line for line in coverage["tables"]})
    describe(own)
    return own


def _cut(members: Members, own: Members, line: dict[str, Any], rows: slice) -> int:
    """Take these rows of a table, and their files, into the part; how many they are."""
    lines = members[f"data/{line['json']}"].removeprefix(b"[\n").removesuffix(b"\n]\n").split(b",\n")[rows]
    own[f"data/{line['json']}"] = b"[\n" + b",\n".join(lines) + b"\n]\n"
    if "csv" in line:
        first, *every = csv.reader(io.StringIO(members[f"data/{line['csv']}"].decode("utf-8-sig"), newline=""))
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([first, *every[rows]])
        own[f"data/{line['csv']}"] = text.getvalue().encode("utf-8-sig")
    for name in members:
        if name.startswith("data/media/") and any(name.removeprefix("data/").encode() in each for each in lines):
            own[name] = members[name]
    return len(lines)


def _package(members: Members, lines: dict[str, Any]) -> bytes:
    package = json.loads(members["data/datapackage.json"])
    package["resources"] = [each for each in package["resources"] if lines[each["name"]]["rows_here"]]
    whole = {name for name, line in lines.items() if line["rows_here"] == line["rows"]}
    for resource in package["resources"]:
        resource["rows"] = lines[resource["name"]]["rows_here"]
        keys = resource["schema"].pop("foreignKeys", [])
        for key in keys:
            target = key["reference"]["resource"] or resource["name"]
            kind = "foreignKeys" if target in whole else "foreignKeysBeyondThisPart"
            resource["schema"].setdefault(kind, []).append(key)
    return json.dumps(package).encode()
