"""The end of a ZIP file, which says how many members it has and where their list is: each of its numbers is true.

Programs differ in which of these numbers they believe. Python's zipfile holds 770 bytes of each member and does not
ask whether the lengths in the list fit; this reads one entry at a time.
"""

import struct
from collections.abc import Iterator
from operator import contains
from typing import BinaryIO, NamedTuple

from app.engine.verify.problems import VerificationError

LARGE, MANY = 0xFFFFFFFF, 0xFFFF
"""What stands where a number is in a ZIP64 field instead."""
_MASKS = (MANY, MANY, MANY, MANY, LARGE, LARGE)
_END, _LARGE_END, _POINTER = 22, 56, 20
"""Bytes of the three records that stand here."""
_ENTRY = struct.Struct("<6xBx2H4x3L4H2x2L")
"""Of the list, without the member's name."""
_NEWEST = 63
"""The version of the format that readers know, Python's among them."""


class Place(NamedTuple):
    """Where the list of members is: so many entries, from `start` to `end`."""

    entries: int
    start: int
    end: int


class Entry(NamedTuple):
    """What the list says of a member."""

    name: bytes
    """With its folders."""
    offset: int
    """Where its own header begins."""
    packed: int
    size: int
    crc: int
    flags: int
    method: int
    attributes: int
    """What kind of file it is."""
    has_more: bool
    """A comment, another file that it lies in, a newer format, or a field that could give it a name that only some
    programs see.
    """


def read_directory(file: BinaryIO, size: int, most: int) -> Place:
    """`size`: bytes of the file; `most`: members."""
    file.seek(max(0, size - _END - _POINTER))
    tail = file.read()
    if len(tail) < _END or tail[-22:-18] != b"PK\5\6" or tail[-2:] != b"\0\0":
        raise VerificationError("this is no ZIP file, or its end is cut off, or something was added behind its end")
    said = true = struct.unpack("<4H2L", tail[-18:-2])
    end = size - _END
    if tail[:4] == b"PK\6\7":
        end, true = _read_large_end(file, tail[:_POINTER], size)
    disk, first_disk, here, count, length, start = true
    if count > most or length > most * 256:
        raise VerificationError(f"too many members, or names that are too long: {count:,} in {length:,} bytes")
    if (disk, first_disk, here) != (0, 0, count) or not all(map(contains, zip(true, _MASKS, strict=True), said)):
        raise VerificationError("the end of the ZIP file is damaged: its numbers contradict each other")
    if start + length != end:
        raise VerificationError("bytes that belong to no member stand before the first or behind the last")
    return Place(count, start, end)


def read_entries(file: BinaryIO, place: Place) -> Iterator[Entry]:
    """Each entry says where the next one begins, and the last where the list ends."""
    at = file.seek(place.start)
    for _ in range(place.entries):
        entry = file.read(_ENTRY.size)
        if len(entry) < _ENTRY.size or not entry.startswith(b"PK\1\2"):
            raise VerificationError("this is no sound ZIP file: its list of members is damaged")
        version, flags, method, crc, packed, size, *lengths, disk, attributes, offset = _ENTRY.unpack(entry)
        at += _ENTRY.size + sum(lengths)
        if at > place.end:
            break
        rest = file.read(sum(lengths))
        name, extra = rest[: lengths[0]], rest[lengths[0] : lengths[0] + lengths[1]]
        numbers = (size, packed, offset)
        large = _find_large(numbers, extra) if extra else numbers
        size, packed, offset = large or numbers
        has_more = bool(lengths[2] or disk or version > _NEWEST or not large)
        yield Entry(name, offset, packed, size, crc, flags, method, attributes, has_more)
    if at != place.end:
        raise VerificationError("the list of members is damaged: its lengths contradict each other")


def _find_large(numbers: tuple[int, ...], extra: bytes) -> tuple[int, ...] | None:
    """ZIP64: numbers that are too large for their fields stand behind the name. None: something else does."""
    count = numbers.count(LARGE)
    form = struct.Struct(f"<2H{count}Q")
    if not count or len(extra) != form.size or extra[:4] != struct.pack("<2H", 1, 8 * count):
        return None
    large = iter(form.unpack(extra)[2:])
    return tuple(next(large) if number == LARGE else number for number in numbers)


def _read_large_end(file: BinaryIO, pointer: bytes, size: int) -> tuple[int, tuple[int, ...]]:
    """ZIP64: where its record is, and the six numbers of it."""
    disk, place, disks = struct.unpack("<LQL", pointer[4:])
    if place + _LARGE_END + _POINTER + _END != size:
        raise VerificationError("bytes that belong to no member stand at the end")
    file.seek(place)
    magic, length, _versions, *numbers = struct.unpack("<4sQL2L4Q", file.read(_LARGE_END))
    if (magic, length, disk, disks) != (b"PK\6\6", _LARGE_END - 12, 0, 1):
        raise VerificationError("the end of the ZIP file is damaged")
    return place, tuple(numbers)
