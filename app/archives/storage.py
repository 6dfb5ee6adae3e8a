"""Archive files on the disk. A file has its final name only when it is whole and will survive a power cut.

`tmp/<id>.<fence>/` is one attempt's own folder; `ready/<id>.<fence>.<number>.zip` a published part of an archive.
Names are ids, never a person's words. Nothing here knows the database.
"""

import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from flask import current_app

from app.disk import open_regular, sync

log = logging.getLogger(__name__)

SWEEP_AGE = 3600
"""Seconds. A file younger than this may belong to a change that is not committed yet."""


@contextmanager
def workspace(archive_id: str, fence: str) -> Iterator[Path]:
    """An empty folder that only we can read, gone at the end whatever happens."""
    folder = _folder("tmp") / f"{archive_id}.{fence}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(files: Sequence[Path], archive_id: str, fence: str) -> list[str]:
    """Give the finished files of one attempt their final names; returns those names, in the same order.

    A crash in the middle leaves files that no row vouches for. The fence is in each name: nobody else's is replaced.
    """
    names = [f"{archive_id}.{fence}.{number}.zip" for number in range(1, len(files) + 1)]
    for file in files:
        file.chmod(0o600)
        sync(file)
    for file, name in zip(files, names, strict=True):
        os.utime(file)  # young again: the sweeper leaves it alone until its row is written
        file.rename(path_of(name))
    sync(_folder("ready"))
    return names


def open_published(name: str) -> BinaryIO:
    """Raises OSError for anything but a regular file of that very name, which nobody else holds by a hard link."""
    file = open_regular(_folder("ready"), name)
    if os.fstat(file.fileno()).st_nlink != 1:
        file.close()
        raise FileNotFoundError(name)
    return file


def open_stored(store: str, name: str) -> BinaryIO:
    """A file that a row names, from the store its column declares. Raises OSError."""
    return open_regular(Path(current_app.config[_STORES[store]]), name)


_STORES = {"uploads": "UPLOAD_DIR"}


def path_of(name: str) -> Path:
    return _folder("ready") / name


def discard(names: Iterable[str]) -> None:
    for name in names:
        path_of(name).unlink(missing_ok=True)


def sweep(vouched_for: set[str], fences: set[str]) -> int:
    """Remove files that no row vouches for and that are old enough; returns how many.

    They are left by kill -9, and by archives that expired or were deleted together with their person.
    """
    oldest = time.time() - SWEEP_AGE
    published = [path for path in _folder("ready").iterdir() if path.name not in vouched_for]
    abandoned = [path for path in _folder("tmp").iterdir() if path.suffix.lstrip(".") not in fences]
    return sum(_remove_old(path, oldest) for path in (*published, *abandoned))


def _remove_old(path: Path, oldest: float) -> bool:
    """One file that cannot be removed must not keep the others, nor anything else, from being looked after."""
    try:
        if path.lstat().st_mtime >= oldest:
            return False
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    except FileNotFoundError:
        return False  # its owner was faster
    except OSError:
        log.exception("%s is of no use and cannot be removed", path.name)
        return False
    return True


def _folder(name: str) -> Path:
    folder = Path(current_app.config["ARCHIVE_DIR"]) / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
