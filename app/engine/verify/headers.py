"""Where the content of each member is. Its own header must say what the list says of it.

Some programs read the list, others the headers, and a few what stands behind the content: all see the same members.
"""

import os
import struct
from typing import BinaryIO

from app.engine.verify.directory import LARGE
from app.engine.verify.listed import Member, Members
from app.engine.verify.problems import VerificationError

_HEADER = struct.Struct("<4s2x2H4x3L2H")
_LARGE_FIELD = 20
"""Bytes of the one field that may follow the name."""
_SUMS_BEHIND = 0x08
"""The sums stand behind the content."""
_MOST_BEHIND = 24
"""Bytes of them."""


def find_contents(file: BinaryIO, members: Members, top: str, directory: int) -> None:
    """Lets each member begin where its content does, not its header. `directory`: where the list of members begins.

    Members lie side by side: none overlaps another, and nothing lies between them.
    """
    names, order = list(members), members.in_order()
    end = directory
    if order and members.at(order[-1]).start > directory:
        raise VerificationError("this is no sound ZIP file: a member lies behind its end")
    for number in reversed(order):
        member = members.at(number)
        members.begin(number, _find_content(file, f"{top}/{names[number]}", member, end))
        end = member.start
    if end:
        raise VerificationError("bytes that belong to no member stand before the first")


def _find_content(file: BinaryIO, name: str, member: Member, end: int) -> int:
    said = name.encode()
    header = os.pread(file.fileno(), _HEADER.size + len(said) + _LARGE_FIELD, member.start)
    if len(header) < _HEADER.size:
        raise VerificationError("this is no sound ZIP file: a member lies behind its end")
    magic, flags, method, *sums, length, more = _HEADER.unpack_from(header)
    behind = _HEADER.size + length
    extra = header[behind : behind + more]
    is_so = (magic, flags, method) == (b"PK\3\4", member.flags, member.method) and len(extra) == more
    if not (is_so and header[_HEADER.size : behind] == said and _are_possible((*sums, extra), member)):
        raise VerificationError(f"this is no sound ZIP file: {name} is another in its own header")
    start: int = member.start + behind + more
    _check_behind(file, name, member, start + member.packed, end)
    return start


def _are_possible(sums: tuple[int, int, int, bytes], member: Member) -> bool:
    """Sum, packed size, size and further fields of a header: as they are, or 0 where they stand behind the content."""
    # Nearly every member has them as they are: for those no set is put together.
    return sums == (member.crc, member.packed, member.size, b"") or sums in _possible(member)


def _possible(member: Member) -> set[tuple[int, int, int, bytes]]:
    facts = {(member.crc, member.packed, member.size)}
    if member.flags & _SUMS_BEHIND:
        facts.add((0, 0, 0))
    plain = {(crc, packed, size, b"") for crc, packed, size in facts}
    return plain | {(crc, LARGE, LARGE, struct.pack("<2H2Q", 1, 16, size, packed)) for crc, packed, size in facts}


def _check_behind(file: BinaryIO, name: str, member: Member, start: int, end: int) -> None:
    """Nothing stands between the content and the next member but its sums, where its header has put them off."""
    between = end - start
    if not between and not member.flags & _SUMS_BEHIND:
        return
    sums = _sums(member) if member.flags & _SUMS_BEHIND else set()
    if not 0 <= between <= _MOST_BEHIND or os.pread(file.fileno(), between, start) not in sums:
        raise VerificationError(f"{name} overlaps the next member, or something lies between them")


def _sums(member: Member) -> set[bytes]:
    """With and without a mark; sizes in four bytes, or in ZIP64's eight."""
    facts = (member.crc, member.packed, member.size)
    layouts = ("<L2Q",) if max(facts) > LARGE else ("<L2Q", "<3L")
    return {mark + struct.pack(layout, *facts) for layout in layouts for mark in (b"", b"PK\7\x08")}
