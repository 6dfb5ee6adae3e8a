"""What was broken, held against rows and files as anybody can read them. One line for each breach."""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.engine.verify import Expected, VerificationError, verify_archive
from app.models import State
from tests.crash.scene import Scene

_NO_FILES_YET = {State.QUEUED, State.RUNNING, State.FAILED, State.CANCELLED}


def look(scene: Scene) -> Iterator[str]:
    """At any moment: what is shown is whole."""
    rows, parts = scene.rows(), scene.parts()
    if len(rows) > 1:
        yield f"doubled: {len(rows)} archives of one request"
    for row in rows:
        its = [part for part in parts if part.archive_id == row.id]
        if row.state in _NO_FILES_YET and (its or row.part_count):
            yield f"partial: {row.state} with {len(its)} of {row.part_count} files"
        if row.state == State.READY and len(its) != row.part_count:
            yield f"partial: ready with {len(its)} of {row.part_count} files"
        if row.state == State.READY:
            yield from _look_into(scene, its)


def _look_into(scene: Scene, parts: list[sa.Row[Any]]) -> Iterator[str]:
    files = [scene.folder / "ready" / part.file_name for part in parts]
    for file, part in zip(files, parts, strict=True):
        if not file.exists() or file.stat().st_size != part.size or _hash(file) != part.sha256:
            yield f"partial: ready, and file {part.number} is missing or another one"
            return
    if any(map(zipfile.is_zipfile, files)):
        yield from _verify(scene, files)


def _verify(scene: Scene, files: list[Path]) -> Iterator[str]:
    expected = Expected(scene.person_id, [scene.public_key], signed=True, complete=True)
    try:
        verify_archive(files, expected)
    except VerificationError as error:
        yield f"partial: {error}"


def look_at_end(scene: Scene, ends: State) -> Iterator[str]:
    """When all has been recovered: the request has its one end, and nothing else is left."""
    yield from look(scene)
    rows = scene.rows()
    if not rows:
        yield "lost: no row is left of the request"
    for row in rows:
        if row.state != ends:
            yield f"lost: {row.state} after {row.attempt} attempts, not {ends}"
        if row.fence or row.lease_until:
            yield "left over: a lease"
    yield from (f"left over: piece {piece.number}" for piece in scene.pieces())
    promised = {part.file_name for part in scene.parts()} if ends == State.READY else set()
    found = {path.name for path in scene.published()}
    yield from (f"left over: {name}" for name in sorted(found - promised))
    yield from (f"left over: tmp/{path.name}" for path in scene.workspaces())


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
