"""Files without a name: nothing is left of them, whatever happens."""

import contextlib
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

HELD = 64 * 1024
"""Bytes that are held in memory: what is small needs no file."""
BLOCK = 1024**2


def open_spool(folder: Path) -> BinaryIO:
    """A new one, for what is read when it is whole. `folder`: where it has its file if it grows."""
    return cast("BinaryIO", SpooledTemporaryFile(HELD, dir=str(folder)))


def open_unnamed(path: Path) -> BinaryIO:
    """A new file. Nobody else needs its name."""
    file = path.open("x+b")
    path.unlink()
    return file


def let_go(file: BinaryIO) -> None:
    """Close it, also on a full disk: nobody wants what could not be written."""
    with contextlib.suppress(OSError):
        file.close()


def copy_all(file: BinaryIO, place: BinaryIO) -> None:
    """From the beginning."""
    file.seek(0)
    while block := file.read(BLOCK):
        place.write(block)
