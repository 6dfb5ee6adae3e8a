"""Bytes on their way into a member: their checksum for the manifest, their CRC for the ZIP file, and their packing.

igzip (isal) packs eleven times as fast as zlib's default, and its files are 16 % larger.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from isal import isal_zlib

from app.engine.package.stretch import Stretch
from app.engine.package.unnamed import BLOCK, copy_all, let_go, open_spool
from app.engine.package.zip_writer import DEFLATED, STORED, Content

LEVEL = 2
RAW = -15
"""A deflate stream without zlib's own header, as ZIP has it."""
FULL_FLUSH = isal_zlib.Z_FULL_FLUSH
"""Ends at a whole byte, and nothing behind it refers to what is before: there streams can be cut and joined."""

Advance = Callable[[int], None]


class ChangedError(OSError):
    """The bytes are not those that were stored: cut off, or something else."""


def begin_deflate() -> Any:
    """A stream that packs as all of ours do."""
    return isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, RAW)


class Packing:
    """Takes a member's bytes in order and writes them, packed or as they are, to `place`."""

    def __init__(self, place: BinaryIO, method: int) -> None:
        self.size = 0
        self.packed = 0
        self._place = place
        self._method = method
        self._crc = 0
        self._digest = hashlib.sha256()
        self._deflate = begin_deflate() if method == DEFLATED else None

    def write(self, content: bytes) -> None:
        self._note(content)
        self._put(self._deflate.compress(content) if self._deflate else content)

    def join(self, packed: Stretch) -> None:
        """What was packed elsewhere goes on as it is, in a member that is packed; only its checksums are made here."""
        if self._deflate:
            self._put(self._deflate.flush(FULL_FLUSH))
        inflate = isal_zlib.decompressobj(RAW)
        for block in packed.blocks():
            self._note(inflate.decompress(block))
            self._put(block)

    def finish(self) -> Content:
        if self._deflate:
            self._put(self._deflate.flush())
        return Content(self._method, self.size, self.packed, self._crc, self._digest.hexdigest())

    def _note(self, content: bytes) -> None:
        self.size += len(content)
        self._crc = isal_zlib.crc32(content, self._crc)
        self._digest.update(content)

    def _put(self, packed: bytes) -> None:
        self._place.write(packed)
        self.packed += len(packed)


@dataclass(frozen=True)
class Packed:
    """A whole member, ready to be written."""

    content: Content
    stream: bytes


def pack(
    name: str, source: BinaryIO, size: int, sha256: str | None = None, advance: Advance = lambda _: None
) -> Packed:
    """As `pour_from` does it, in memory: what is stored as it is, is not copied there."""
    content = b"".join(_read_blocks(source, size, advance))
    method, digest = method_for(name), hashlib.sha256(content).hexdigest()
    _check_sum(digest, sha256)
    stream = content
    if method == DEFLATED:
        deflate = begin_deflate()
        stream = deflate.compress(content) + deflate.flush()
    return Packed(Content(method, len(content), len(stream), isal_zlib.crc32(content), digest), stream)


class Spool:
    """A member that grows while others do: packed into a file of its own, and taken over when it is whole.

    `folder`: see `open_spool`.
    """

    def __init__(self, folder: Path) -> None:
        self._file = open_spool(folder)
        self.packing = Packing(self._file, DEFLATED)

    def pour(self, place: BinaryIO) -> Content:
        """Copy what was packed; the spool is used up."""
        content = self.packing.finish()
        copy_all(self._file, place)
        self.close()
        return content

    def close(self) -> None:
        let_go(self._file)


def pour_from(source: BinaryIO, size: int, sha256: str | None, packing: Packing, advance: Advance) -> Content:
    """Copy what `source` still has, and at most `size` bytes of it. Raises ChangedError where it is not `sha256`."""
    for block in _read_blocks(source, size, advance):
        packing.write(block)
    content = packing.finish()
    _check_sum(content.sha256, sha256)
    return content


def _read_blocks(source: BinaryIO, size: int, advance: Advance) -> Iterator[bytes]:
    while block := source.read(min(BLOCK, size)):
        yield block
        advance(len(block))
        size -= len(block)


def _check_sum(found: str, declared: str | None) -> None:
    if declared not in {None, found}:
        raise ChangedError


def method_for(name: str) -> int:
    """What is packed already is stored as it is."""
    return STORED if name.rpartition(".")[2].lower() in _PACKED else DEFLATED


_PACKED = frozenset(
    {"gif", "jpg", "jpeg", "png", "webp", "avif", "heic", "mp4", "m4a", "mov", "webm", "mp3", "ogg", "zip", "gz", "7z"}
)
