"""Packed bytes in a file, on their way into a member of another."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

BLOCK = 16 * 1024
"""Unpacked it comes to 17 MB at the most: deflate packs no more than 1,032 bytes into one."""


@dataclass(frozen=True)
class Stretch:
    """Begins and ends with a full flush, so that it can follow anything and anything can follow it."""

    file: BinaryIO
    start: int
    packed: int
    size: int
    """Bytes, unpacked."""

    def blocks(self) -> Iterator[bytes]:
        self.file.seek(self.start)
        left = self.packed
        while left and (block := self.file.read(min(BLOCK, left))):
            left -= len(block)
            yield block
