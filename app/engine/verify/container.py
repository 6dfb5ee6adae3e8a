"""Opens a ZIP file that may come from anybody: the strict form that our archives have, and no other.

Every byte belongs to exactly one member or to the directory, names are plain ASCII, and sizes are bounded before
anything is read. Nothing is ever written to a disk.
"""

import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.engine.verify.directory import Entry, read_directory, read_entries
from app.engine.verify.headers import find_contents
from app.engine.verify.limits import Limits
from app.engine.verify.listed import DEFLATED, STORED, Member, Members
from app.engine.verify.problems import VerificationError, raise_all
from app.engine.verify.unpack import unpack

_DEVICE = rb"(?i:con|prn|aux|nul|(?:com|lpt)[0-9])(?:[./]|\Z)"
_PLAIN = rb"(?!%b)[A-Za-z0-9_=][A-Za-z0-9_=.-]*(?<!\.)" % _DEVICE
_is_plain = re.compile(rb"%b(?:/%b)*" % (_PLAIN, _PLAIN)).fullmatch
_LONGEST = 240
_FOLDER = 0x10
"""What MS-DOS calls a folder, and with it some unpackers."""
_FLAGS = 0x080E
"""How hard the packer tried, that sums stand behind the content, that the name is UTF-8."""
_BOMB = 100 * 1024**2
"""Bytes below which no ratio is suspicious."""
_ROW_RATIO = 4
"""How many times the packed size of its member a long row may have. Text packs to a third, a file within a row to more
than a half.
"""


@dataclass(frozen=True)
class Container:
    top: str
    """The name of the top folder."""
    members: Members
    total: int
    size: int
    """Bytes of the file."""
    limits: Limits
    _file: BinaryIO

    def blocks(self, name: str) -> Iterator[bytes]:
        """The member's bytes. Raises VerificationError for whatever is wrong with it, also while it is being read."""
        if name not in self.members:
            raise VerificationError(f"{name} is missing")
        return unpack(self._file, name, self.members[name])

    def read(self, name: str, most: int) -> bytes:
        """A member that describes others, of so many bytes at most; for large ones there is `blocks`."""
        if name in self.members and self.members[name].size > most:
            raise VerificationError(f"{name} has more than {most:,} bytes, and is not read")
        return b"".join(self.blocks(name))

    def longest_row(self, name: str) -> int:
        """Bytes that may be held of a row of this member."""
        return max(self.limits.row, min(self.limits.long_row, _ROW_RATIO * self.members[name].packed))


@contextmanager
def open_container(path: Path, limits: Limits) -> Iterator[Container]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        place = read_directory(file, size, limits.members)
        members, tops = Members(), set[str]()
        raise_all(_list_members(read_entries(file, place), members, tops))
        total = _check_sizes(members, size, limits)
        if len(tops) != 1:
            raise VerificationError(f"one top folder expected, found {len(tops)}")
        top = tops.pop()
        find_contents(file, members, top, place.start)
        yield Container(top, members, total, size, limits, file)


def _list_members(entries: Iterable[Entry], members: Members, tops: set[str]) -> Iterator[str]:
    """Fills `members`, of one top folder, and `tops`. Yields what is wrong."""
    for entry in entries:
        if problem := _complain(entry):
            yield problem
            continue
        top, _, name = entry.name.decode("ascii").partition("/")
        tops.add(top)
        if len(tops) == 1:
            members.add(name, Member(*entry[1:7]))


def _complain(entry: Entry) -> str | None:
    """What makes this member one that our archives never have."""
    name, kind = entry.name.decode("ascii", "backslashreplace"), entry.attributes >> 16
    if len(entry.name) > _LONGEST or not _is_plain(entry.name):
        return f"unsafe member name: {name!r}"
    if stat.S_IFMT(kind) not in {0, stat.S_IFREG} or entry.attributes & _FOLDER:
        return f"{name} is a link or another thing that is no file"
    if entry.flags & 0x2041:
        return f"{name} is encrypted"
    if entry.flags & ~_FLAGS or entry.has_more:
        return f"{name} has a comment, or marks or fields that are not used here"
    if entry.method not in {STORED, DEFLATED}:
        return f"{name} is packed by a method that is not used here: {entry.method}"
    return None


def _check_sizes(members: Members, size: int, limits: Limits) -> int:
    """Bytes of all members, unpacked."""
    total = 0
    for name, member in zip(members, members.all(), strict=True):
        total += member.size
        if _is_bomb(member.size, member.packed, limits):
            raise VerificationError(f"a bomb: {name} would become {member.size:,} bytes")
    if total > limits.total or _is_bomb(total, size, limits):
        raise VerificationError(f"a bomb: {size:,} bytes that would become {total:,}")
    return total


def _is_bomb(unpacked: int, packed: int, limits: Limits) -> bool:
    return unpacked > _BOMB and unpacked > limits.ratio * packed
