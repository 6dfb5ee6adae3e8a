"""Opens a ZIP file that may come from anybody: the strict form that our archives have, and no other.

Every byte belongs to exactly one member or to the directory, names are plain ASCII, and sizes are bounded before
anything is read. Nothing is ever written to a disk.
"""

import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.engine.verify.directory import read_directory
from app.engine.verify.headers import find_contents
from app.engine.verify.problems import VerificationError, raise_all
from app.engine.verify.unpack import unpack

_PLAIN = re.compile(r"[A-Za-z0-9_=][A-Za-z0-9_=.-]*(?<!\.)", re.ASCII)
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9])(\..*)?", re.IGNORECASE)
_LONGEST = 240
_FOLDER = 0x10
"""What MS-DOS calls a folder, and with it some unpackers."""
_FLAGS = 0x080E
"""How hard the packer tried, that sums stand behind the content, that the name is UTF-8."""
_BOMB = 100 * 1024**2
"""Bytes below which no ratio is suspicious."""


@dataclass(frozen=True)
class Limits:
    """What is read at most: members, bytes unpacked, how many times the packed size, bytes held of one row.

    A row that lies in one block is held anyway, so a limit of a row below `unpack.BLOCK` changes little.
    """

    members: int = 1_000_000
    total: int = 256 * 1024**3
    ratio: int = 200
    row: int = 64 * 1024**2


FOREIGN = Limits()
OURS = Limits(members=2**40, total=2**62, ratio=2**30, row=2**31)
"""For a file just written from rows that were in memory: it cannot be a bomb, and a long text is no fault."""


@dataclass(frozen=True)
class Container:
    top: str
    """The name of the top folder."""
    members: dict[str, zipfile.ZipInfo]
    """By name below the top folder."""
    total: int
    limits: Limits
    _file: BinaryIO
    _starts: dict[int, int]
    """Where a member's content begins, by where its header does."""

    def blocks(self, name: str) -> Iterator[bytes]:
        """The member's bytes. Raises VerificationError for whatever is wrong with it, also while it is being read."""
        if name not in self.members:
            raise VerificationError(f"{name} is missing")
        member = self.members[name]
        return unpack(self._file, member, self._starts[member.header_offset])

    def read(self, name: str) -> bytes:
        """A member that describes others; for large ones there is `blocks`."""
        if name in self.members and self.members[name].file_size > self.limits.row:
            raise VerificationError(f"{name} is too large")
        return b"".join(self.blocks(name))


@contextmanager
def open_container(path: Path, limits: Limits) -> Iterator[Container]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        count, directory = read_directory(file, size, limits.members)
        members = _list_members(file)
        if len(members) != count:
            raise VerificationError(f"{len(members)} members are listed, and the end of the ZIP file says {count}")
        raise_all(filter(None, map(_complain, members)))
        total = _check_sizes(members, size, limits)
        starts = find_contents(file, members, directory)
        top, below = _below_top(members)
        yield Container(top, below, total, limits, file, starts)


def _list_members(file: BinaryIO) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(file) as package:
            return package.infolist()
    except (zipfile.BadZipFile, NotImplementedError, struct.error, UnicodeDecodeError) as error:
        raise VerificationError(f"this is no sound ZIP file: {error}") from error


def _complain(member: zipfile.ZipInfo) -> str | None:
    """What makes this member one that our archives never have."""
    name, kind = member.orig_filename, member.external_attr >> 16
    if len(name) > _LONGEST or not all(map(_is_plain, name.split("/"))):
        return f"unsafe member name: {name!r}"
    if stat.S_IFMT(kind) not in {0, stat.S_IFREG} or member.external_attr & _FOLDER:
        return f"{name} is a link or another thing that is no file"
    if member.flag_bits & 0x2041:
        return f"{name} is encrypted"
    if member.flag_bits & ~_FLAGS or member.volume or member.comment:
        return f"{name} has a comment, or marks that are not used here"
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return f"{name} is packed by a method that is not used here: {member.compress_type}"
    return None


def _is_plain(part: str) -> bool:
    return bool(_PLAIN.fullmatch(part)) and not _DEVICE.fullmatch(part)


def _check_sizes(members: list[zipfile.ZipInfo], size: int, limits: Limits) -> int:
    """Bytes of all members, unpacked."""
    total = sum(member.file_size for member in members)
    if total > limits.total or _is_bomb(total, size, limits):
        raise VerificationError(f"a bomb: {size:,} bytes that would become {total:,}")
    for member in members:
        if _is_bomb(member.file_size, member.compress_size, limits):
            raise VerificationError(f"a bomb: {member.filename} would become {member.file_size:,} bytes")
    return total


def _is_bomb(unpacked: int, packed: int, limits: Limits) -> bool:
    return unpacked > _BOMB and unpacked > limits.ratio * packed


def _below_top(members: list[zipfile.ZipInfo]) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    tops = {member.filename.partition("/")[0] for member in members}
    if len(tops) != 1:
        raise VerificationError(f"one top folder expected, found {len(tops)}")
    names = [member.filename for member in members]
    if len(names) != len({name.casefold() for name in names}):
        raise VerificationError("two members have the same name")
    return tops.pop(), {member.filename.partition("/")[2]: member for member in members}
