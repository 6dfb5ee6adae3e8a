"""Where the content of each member is. Its own header must say what the list says of it, to the last number.

Some programs read the list, others the headers, and a few what stands behind the content: all see the same members.
"""

import struct
import zipfile
from typing import BinaryIO

from app.engine.verify.directory import LARGE
from app.engine.verify.problems import VerificationError

_HEADER = 30


def find_contents(file: BinaryIO, members: list[zipfile.ZipInfo], directory: int) -> dict[int, int]:
    """Where each content begins, by where the header does. `directory`: where the list of members begins.

    Members lie side by side: none overlaps another, and nothing lies between them.
    """
    ordered = sorted(members, key=lambda member: member.header_offset)
    ends = [*(member.header_offset for member in ordered[1:]), directory]
    if ordered and ordered[0].header_offset:
        raise VerificationError("bytes that belong to no member stand before the first")
    if ordered and ordered[-1].header_offset > directory:
        raise VerificationError("this is no sound ZIP file: a member lies behind its end")
    return {member.header_offset: _find_content(file, member, end) for member, end in zip(ordered, ends, strict=True)}


def _find_content(file: BinaryIO, member: zipfile.ZipInfo, end: int) -> int:
    file.seek(member.header_offset)
    header = file.read(_HEADER)
    if len(header) != _HEADER:
        raise VerificationError("this is no sound ZIP file: a member lies behind its end")
    magic, flags, method, *sizes, length, more = struct.unpack("<4s2x2H4x3L2H", header)
    name, extra = file.read(length), file.read(more)
    said = (b"PK\3\4", member.flag_bits, member.compress_type, member.orig_filename.encode())
    if (magic, flags, method, name) != said or (*sizes, extra) not in _possible(member):
        raise VerificationError(f"this is no sound ZIP file: {member.filename} is another in its own header")
    if _has_more(member):
        raise VerificationError(f"{member.filename} has fields that are not used here")
    start: int = member.header_offset + _HEADER + length + more
    _check_behind(file, member, start + member.compress_size, end)
    return start


def _possible(member: zipfile.ZipInfo) -> set[tuple[int, int, int, bytes]]:
    """Sum, packed size, size and further fields of a header: as they are, or 0 where they stand behind the content."""
    facts = {(member.CRC, member.compress_size, member.file_size)}
    if member.flag_bits & 0x08:
        facts.add((0, 0, 0))
    plain = {(crc, packed, size, b"") for crc, packed, size in facts}
    return plain | {(crc, LARGE, LARGE, struct.pack("<2H2Q", 1, 16, size, packed)) for crc, packed, size in facts}


def _has_more(member: zipfile.ZipInfo) -> bool:
    """The list may have one further field, ZIP64's. Another could give the member a name that only some see."""
    return bool(member.extra) and member.extra[:4] != struct.pack("<2H", 1, len(member.extra) - 4 & 0xFFFF)


def _check_behind(file: BinaryIO, member: zipfile.ZipInfo, start: int, end: int) -> None:
    """Nothing stands between the content and the next member but its sums, where its header has put them off."""
    sums = _sums(member) if member.flag_bits & 0x08 else {b""}
    file.seek(start)
    if not 0 <= end - start <= max(map(len, sums)) or file.read(end - start) not in sums:
        raise VerificationError(f"{member.filename} overlaps the next member, or something lies between them")


def _sums(member: zipfile.ZipInfo) -> set[bytes]:
    """With and without a mark; sizes in four bytes, or in ZIP64's eight."""
    facts = (member.CRC, member.compress_size, member.file_size)
    layouts = ("<L2Q",) if max(facts) > LARGE else ("<L2Q", "<3L")
    return {mark + struct.pack(layout, *facts) for layout in layouts for mark in (b"", b"PK\7\x08")}
