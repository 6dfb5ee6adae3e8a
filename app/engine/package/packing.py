"""Bytes on their way into a member: their checksum for the manifest, their CRC for the ZIP file, and their packing.

igzip (isal) packs eleven times as fast as zlib's default, and its files are 16 % larger.
"""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from isal import isal_zlib

from app.engine.package.stretch import Stretch
from app.engine.package.zip_writer import DEFLATED, STORED, Content

LEVEL = 2
BLOCK = 1024**2
HELD = 64 * 1024
"""Packed bytes of a growing member that are held in memory."""
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
    """In memory; otherwise as `pour_from` does it."""
    place = BytesIO()
    content = pour_from(source, size, sha256, Packing(place, method_for(name)), advance)
    return Packed(content, place.getvalue())


class Spool:
    """A member that grows while others do: packed into a file of its own, and taken over when it is whole.

    A small one needs no file. `folder`: where a larger one has it, without a name.
    """

    def __init__(self, folder: Path) -> None:
        self._file = cast("BinaryIO", SpooledTemporaryFile(HELD, dir=str(folder)))  # noqa: SIM115  # see `close`
        self.packing = Packing(self._file, DEFLATED)

    def pour(self, place: BinaryIO) -> Content:
        """Copy what was packed; the spool is used up."""
        content = self.packing.finish()
        copy_all(self._file, place)
        self.close()
        return content

    def close(self) -> None:
        let_go(self._file)


def open_unnamed(path: Path) -> BinaryIO:
    """A new file. Nobody else needs its name, and so nothing is left of it whatever happens."""
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


def pour_from(source: BinaryIO, size: int, sha256: str | None, packing: Packing, advance: Advance) -> Content:
    """Copy what `source` still has, and at most `size` bytes of it. Raises ChangedError where it is not `sha256`."""
    while block := source.read(min(BLOCK, size - packing.size)):
        packing.write(block)
        advance(len(block))
    content = packing.finish()
    if sha256 not in {None, content.sha256}:
        raise ChangedError
    return content


def method_for(name: str) -> int:
    """What is packed already is stored as it is."""
    return STORED if name.rpartition(".")[2].lower() in _PACKED else DEFLATED


_PACKED = frozenset(
    {"gif", "jpg", "jpeg", "png", "webp", "avif", "heic", "mp4", "m4a", "mov", "webm", "mp3", "ogg", "zip", "gz", "7z"}
)
