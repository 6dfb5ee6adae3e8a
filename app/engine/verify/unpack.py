"""The bytes of one member, a block at a time: never more than it claims, and all that it claims."""

import os
from collections.abc import Iterator
from typing import BinaryIO

from isal import isal_zlib

from app.engine.verify.listed import STORED, Member
from app.engine.verify.problems import UnreadableError

BLOCK = 64 * 1024
"""The most bytes that a block has. Blocks of 256 kB take as long, but what is made of one then takes 13 MB, not 2."""
_PACKED = 64 * 1024
_ERRORS: tuple[type[Exception], ...] = (isal_zlib.error,)  # type: ignore[assignment]  # isal's stub has an instance


def unpack(file: BinaryIO, name: str, member: Member) -> Iterator[bytes]:
    """Raises UnreadableError, at the latest behind the last block."""
    return unpack_blocks(_read(file, member.start, member.packed), name, member)


def unpack_blocks(packed: Iterator[bytes], name: str, member: Member) -> Iterator[bytes]:
    """The same of what was read already."""
    size, crc = 0, 0
    for block in packed if member.method == STORED else _inflate(packed, name):
        size += len(block)
        crc = isal_zlib.crc32(block, crc)
        if size > member.size:
            break
        yield block
    if (size, crc) != (member.size, member.crc):
        raise UnreadableError(f"{name} cannot be read: it has not the size or the sum that it claims")


def _read(file: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    """Asks for its place each time: others read from the same file."""
    end = start + size
    while start < end and (chunk := os.pread(file.fileno(), min(_PACKED, end - start), start)):
        start += len(chunk)
        yield chunk


def _inflate(packed: Iterator[bytes], name: str) -> Iterator[bytes]:
    machine = isal_zlib.decompressobj(-15)
    try:
        for chunk in packed:
            yield from _drain(machine, chunk)
            if machine.eof:  # it would keep all that it is given now, and copy it each time
                break
    except _ERRORS as error:
        raise UnreadableError(f"{name} cannot be read: {error}") from error
    if not machine.eof or machine.unused_data or next(packed, b""):
        raise UnreadableError(f"{name} cannot be read: it is cut off, or something stands behind its end")


def _drain(machine: isal_zlib.Decompress, chunk: bytes) -> Iterator[bytes]:
    """A full block may have left more behind, within the machine and not in the input."""
    while block := machine.decompress(chunk, BLOCK):
        yield block
        chunk = machine.unconsumed_tail
        if not chunk and len(block) < BLOCK:
            return
