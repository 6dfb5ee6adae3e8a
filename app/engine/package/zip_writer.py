"""Writes a ZIP file (APPNOTE 6.3) of members that are compressed elsewhere, or copied in.

Python's `zipfile` compresses every member itself, one at a time; several formats that come from one reading need
theirs compressed side by side. Members have plain ASCII names and one timestamp, so the same members make the same
bytes. Their list, which a ZIP file ends with, waits on the disk: there may be a million of them.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from app.engine.package.unnamed import HELD, copy_all, let_go, open_spool

STORED, DEFLATED = 0, 8
LARGE, MANY = 0xFFFFFFFF, 0xFFFF
"""What stands where a number is too large for its field: see the ZIP64 fields."""
LARGE_FROM, MANY_FROM = LARGE, MANY
"""The numbers from which on those fields are used; tests lower them, to write small files that have them."""
_PLAIN, _ZIP64 = 20, 45
"""The version of the format that a reader must know."""
_UNIX_FILE = 0o100644 << 16
_BY_UNIX = 3 << 8
_HEADER = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
"""What stands before a member, and of it in the list; its name follows."""

Pour = Callable[[BinaryIO], "Content"]
"""Writes a member's bytes where the file stands, and says what they are."""


@dataclass(frozen=True)
class Content:
    """What stands in a member."""

    method: int
    size: int
    packed: int
    crc: int
    sha256: str
    """For the manifest; the ZIP file itself has no room for it."""


class ZipWriter:
    """`path` must not exist. Not a ZIP file before `close`."""

    def __init__(self, path: Path, moment: datetime) -> None:
        self._file = path.open("xb", HELD)  # small members go to the disk together
        self._directory = open_spool(path.parent)
        self._stamp = _stamp(moment)
        self._count = 0
        self._listed = 0
        """Bytes of the directory."""

    @property
    def size(self) -> int:
        """Bytes of the file if it were closed now."""
        return self._file.tell() + self._listed + 98

    def add(self, name: str, pour: Pour, *, most: int) -> Content:
        """`most`: bytes that it may come to, packed or not. If `pour` raises, nothing of it stays."""
        start = self._file.tell()
        large = most >= LARGE_FROM
        header = self._header(name, Content(STORED, 0, 0, 0, ""), large=large)
        try:
            self._file.write(header)
            content = pour(self._file)
            end = self._file.tell()
            self._file.seek(start)
            self._file.write(self._header(name, content, large=large))
            self._file.seek(end)
        except BaseException:
            self._file.seek(start)
            self._file.truncate()
            raise
        self._list(name, content, start)
        return content

    def put(self, name: str, content: Content, packed: bytes, *, most: int) -> None:
        """The same of a member that is known as a whole: nothing is written twice. If it fails, the file is lost."""
        start = self._file.tell()
        self._file.write(self._header(name, content, large=most >= LARGE_FROM))
        self._file.write(packed)
        self._list(name, content, start)

    def close(self) -> None:
        start, length, count = self._file.tell(), self._listed, self._count
        copy_all(self._directory, self._file)
        if count >= MANY_FROM or start + length >= LARGE_FROM:
            self._close_large(start, length, count)
        ends = min(count, MANY), min(length, LARGE), min(start, LARGE)
        self._file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, ends[0], ends[0], ends[1], ends[2], 0))
        self._file.close()
        self._directory.close()

    def discard(self) -> None:
        """Let go of the file as it is; of what a full disk has refused, too."""
        let_go(self._file)
        let_go(self._directory)

    def _close_large(self, start: int, length: int, count: int) -> None:
        place = self._file.tell()
        version = _BY_UNIX | _ZIP64
        self._file.write(
            struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, version, _ZIP64, 0, 0, count, count, length, start)
            + struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
        )

    def _header(self, name: str, content: Content, *, large: bool) -> bytes:
        """`large` decides the header's length before the sizes are known."""
        sizes = (content.packed, content.size)
        extra = struct.pack("<2H2Q", 1, 16, content.size, content.packed) if large else b""
        packed, size = (LARGE, LARGE) if large else sizes
        version = _ZIP64 if large else _PLAIN
        facts = (version, 0, content.method, *self._stamp, content.crc, packed, size, len(name), len(extra))
        return _HEADER.pack(b"PK\3\4", *facts) + name.encode("ascii") + extra

    def _list(self, name: str, content: Content, start: int) -> None:
        numbers = size, packed, place = (content.size, content.packed, start)
        version, extra = _PLAIN, b""
        if max(numbers) >= LARGE_FROM:
            large = [number for number in numbers if number >= LARGE_FROM]
            version, extra = _ZIP64, struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large)
            size, packed, place = (LARGE if number >= LARGE_FROM else number for number in numbers)
        facts = (_BY_UNIX | version, version, 0, content.method, *self._stamp, content.crc, packed, size)
        entry = _ENTRY.pack(b"PK\1\2", *facts, len(name), len(extra), 0, 0, 0, _UNIX_FILE, place)
        self._listed += self._directory.write(entry + name.encode("ascii") + extra)
        self._count += 1


def _stamp(moment: datetime) -> tuple[int, int]:
    """MS-DOS time and date."""
    return (
        moment.hour << 11 | moment.minute << 5 | moment.second // 2,
        (moment.year - 1980) << 9 | moment.month << 5 | moment.day,
    )
