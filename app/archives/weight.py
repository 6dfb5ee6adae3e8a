"""Which archives are large: those that would keep the small ones waiting. They are made by workers of their own.

Rows are counted before any is read. Files are weighed as they are opened: not every table tells how large they are,
and what a table tells may not be so.
"""

import os
from typing import BinaryIO

from flask import current_app

from app.archives import storage
from app.engine.media import OpenFile


class TooLargeError(Exception):
    """It is large; the message says how large."""


def check_rows(rows: int) -> None:
    """Raises TooLargeError. Without a setting, no number of rows is large."""
    most = current_app.config["ARCHIVE_LARGE_ROWS"]
    if most is not None and rows > most:
        raise TooLargeError(f"{rows} rows")


def weigh_files() -> OpenFile:
    """Opens stored files, and raises TooLargeError at the one that is too much."""
    most = current_app.config["ARCHIVE_LARGE_BYTES"]
    return storage.open_stored if most is None else _Scales(most).open


class _Scales:
    def __init__(self, most: int) -> None:
        self._most = most
        self._last = ("", "")
        self._bytes = 0

    def open(self, store: str, name: str) -> BinaryIO:
        file = storage.open_stored(store, name)
        if (store, name) != self._last:  # the engine opens a file once to measure it, and again to copy it
            self._last = (store, name)
            self._bytes += file.seek(0, os.SEEK_END)
            file.seek(0)
        if self._bytes > self._most:
            file.close()
            raise TooLargeError(f"more than {self._most} bytes of files")
        return file
