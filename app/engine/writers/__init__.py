"""Rows to the bytes of one format. A writer keeps nothing of the rows it has seen, so a file can end at any row."""

from collections.abc import Sequence
from typing import Protocol

from app.engine.shape import Row


class Writer(Protocol):
    """A file is the opening, then what `encode` made of each batch with the separator in between, then the closing."""

    ending: str
    """Of the file's name, and the name of its folder: `json`."""
    opening: bytes
    separator: bytes
    closing: bytes

    def encode(self, rows: Sequence[Row]) -> bytes: ...
