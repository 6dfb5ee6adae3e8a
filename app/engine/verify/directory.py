"""The end of a ZIP file, which says how many members it has and where their list is: each of its numbers is true.

Programs differ in which of these numbers they believe.
"""

import struct
from operator import contains
from typing import BinaryIO

from app.engine.verify.problems import VerificationError

LARGE, MANY = 0xFFFFFFFF, 0xFFFF
"""What stands where a number is in a ZIP64 field instead."""
_MASKS = (MANY, MANY, MANY, MANY, LARGE, LARGE)
_END, _LARGE_END, _POINTER, _ENTRY = 22, 56, 20, 46
"""Bytes of the three records that stand here, and of an entry of the list without its name."""


def read_directory(file: BinaryIO, size: int, most: int) -> tuple[int, int]:
    """How many members there are, and where their list begins. `size`: bytes of the file; `most`: members."""
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
        raise VerificationError(f"too many members: {count:,}")
    if (disk, first_disk, here) != (0, 0, count) or not all(map(contains, zip(true, _MASKS, strict=True), said)):
        raise VerificationError("the end of the ZIP file is damaged: its numbers contradict each other")
    if start + length != end:
        raise VerificationError("bytes that belong to no member stand before the first or behind the last")
    _check_list(file, count, start, end)
    return count, start


def _check_list(file: BinaryIO, count: int, start: int, end: int) -> None:
    """Each entry says where the next one begins, and the last where the list ends. Python's zipfile does not ask."""
    for _ in range(count):
        file.seek(start)
        entry = file.read(_ENTRY)
        if len(entry) < _ENTRY:
            break
        start += _ENTRY + sum(struct.unpack("<3H", entry[28:34]))
    if start != end:
        raise VerificationError("the list of members is damaged: its lengths contradict each other")


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
