"""Reads chunks as a browser would, without one."""

import json
import re
from pathlib import Path
from typing import Any

CALL = re.compile(r'ARCHIVE_CHUNK\("(.*)",(\d+),(\[\n.*\n\])\);\n', re.DOTALL)


def read_chunk(path: Path) -> list[list[Any]]:
    found = CALL.fullmatch(path.read_text(encoding="utf-8"))
    assert found, path.name
    assert path.name.endswith(f".{int(found[2]):04}.js")
    rows: list[list[Any]] = json.loads(found[3])
    return rows


def read_chunks(folder: Path, table: str) -> list[list[list[Any]]]:
    return [read_chunk(path) for path in sorted(folder.glob(f"{table}.[0-9]*.js"))]


def read_manifest(folder: Path) -> dict[str, Any]:
    text = (folder / "manifest.js").read_text(encoding="utf-8")
    manifest: dict[str, Any] = json.loads(text.removeprefix("var ARCHIVE = ").removesuffix(";\n"))
    return manifest
