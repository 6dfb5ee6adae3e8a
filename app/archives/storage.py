"""The files of archives: made in a folder of this machine, then published in the store.

`tmp/<id>.<fence>/` is one attempt's own folder; `<id>.<fence>.<number>.zip` a published part of an archive, and
`<id>.<fence>.<number>.<its own fence>.piece` what another worker has read for it, until the attempt ends. Names are
ids, never a person's words. Nothing here knows the database.
"""

import hashlib
import logging
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from flask import current_app

from app.engine.build import BuiltPart
from app.stores import GoOn, Opened, Store, StoreChangedError, StoreSilentError, always

log = logging.getLogger(__name__)

BLOCK = 1024**2
SWEEP_AGE = 3600
"""Seconds. A file younger than this may belong to a change that is not committed yet.

By this machine's clock, as the file's own time is. Nothing rests on it alone: fences and rows are asked as well.
"""


class NoWorkspaceError(OSError):
    """There is no folder to work in on this machine: its disk is not mounted, or may not be written to."""


@contextmanager
def workspace(archive_id: str, fence: str) -> Iterator[Path]:
    """An empty folder that only we can read, gone at the end whatever happens. Raises NoWorkspaceError."""
    try:
        folder = _workspaces() / f"{archive_id}.{fence}"
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise NoWorkspaceError(error.errno, error.strerror, error.filename) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(parts: Sequence[BuiltPart], archive_id: str, fence: str, go_on: GoOn = always) -> list[str]:
    """Give the finished files of one attempt their final names; returns those names, in the same order.

    A crash in the middle leaves files that no row vouches for. The fence is in each name: nobody else's is replaced.
    Raises OSError and what `go_on` raises, and then none of them stays.
    """
    names: list[str] = []
    for part in parts:
        if part.file.stat().st_size != part.size:
            raise StoreChangedError(part.file.name)
    try:
        for number, part in enumerate(parts, start=1):
            name = f"{archive_id}.{fence}.{number}.zip"
            _published().put(part.file, name, part.sha256, go_on)
            names.append(name)
    except BaseException:
        discard(names)
        raise
    return names


def open_published(name: str, sha256: str | None = None) -> Opened:
    """Raises OSError for anything but the very file that was published, as far as its store can tell."""
    return _published().open(name, sha256)


def publish_piece(file: Path, name: str, sha256: str, go_on: GoOn = always) -> None:
    """Where another machine finds it. Raises OSError and what `go_on` raises."""
    _published().put(file, name, sha256, go_on)


def fetch(name: str, sha256: str, place: Path) -> None:
    """A published file as a new one of this machine. Raises OSError, StoreChangedError for any other bytes."""
    digest = hashlib.sha256()
    with open_published(name, sha256).file as source, place.open("xb") as target:
        while block := source.read(BLOCK):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != sha256:
        raise StoreChangedError(name)


def open_stored(store: str, name: str) -> BinaryIO:
    """A file that a row names, from the store its column declares. Raises OSError."""
    return _stores()[store].open(name).file


def free_bytes() -> int:
    """Of the disk that archives are made on. Raises OSError."""
    folder = _archives()
    return shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free


def place_of(name: str) -> str:
    return _published().place_of(name)


def discard(names: Iterable[str]) -> None:
    """One that cannot be removed now must not keep the others, unless each would wait for a store that is silent; the
    sweeper removes it later.
    """
    for name in names:
        try:
            _published().delete(name)
        except StoreSilentError:
            log.exception("%s is of no use and cannot be removed, nor what comes after it", name)
            return
        except OSError:
            log.exception("%s is of no use and cannot be removed", name)


def lists_cheaply() -> bool:
    """Whether `sweep_published` may be called every few seconds."""
    return _published().lists_cheaply


def sweep_workspaces(fences: set[str]) -> None:
    """Remove what attempts have left on this machine that nobody works on any more (kill -9)."""
    oldest = time.time() - SWEEP_AGE
    for path in _workspaces().iterdir():
        if path.suffix.lstrip(".") not in fences:
            _remove_old(path, oldest)


def sweep_published(vouched_for: set[str], fences: set[str]) -> None:
    """Remove files that no row vouches for and that are old enough. Raises OSError.

    They are left by kill -9, and by archives that expired or were deleted together with their person. The parts of an
    attempt at work are left alone, however long the later ones take.
    """

    def is_at_work(name: str) -> bool:
        return not fences.isdisjoint(name.split(".")[1:2])

    found = [each.name for each in _published().names() if each.seconds > SWEEP_AGE and each.name not in vouched_for]
    discard(name for name in found if not is_at_work(name))
    _published().discard_unfinished(is_at_work, SWEEP_AGE)


def _remove_old(path: Path, oldest: float) -> None:
    try:
        if path.lstat().st_mtime < oldest:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    except FileNotFoundError:
        pass  # its owner was faster
    except OSError:
        log.exception("%s is of no use and cannot be removed", path.name)


def _workspaces() -> Path:
    folder = _archives() / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _archives() -> Path:
    """It may not exist yet: the first archive makes it."""
    return Path(current_app.config["ARCHIVE_DIR"])


def _published() -> Store:
    return _stores()["archives"]


def _stores() -> dict[str, Store]:
    return cast("dict[str, Store]", current_app.extensions["stores"])
