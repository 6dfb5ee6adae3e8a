"""One small member of an archive, for a page that shows what it says: the list of all is passed over, and not held."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from app.engine.verify.directory import Entry, read_directory, read_entries
from app.engine.verify.limits import OURS
from app.engine.verify.listed import Member
from app.engine.verify.problems import VerificationError
from app.engine.verify.unpack import BLOCK, unpack_blocks

_LENGTHS_AT, _LENGTHS = 26, struct.Struct("<2H")
"""Of the name and of what follows it, in a member's own header."""


class TooLargeError(VerificationError):
    """It has more bytes than whoever asks has a use for."""


def read_member(file: BinaryIO, name: str, most: int) -> bytes:
    """`name`: below the top folder; `most`: bytes. `file` may be in a bucket. Only this member is checked.

    Raises TooLargeError, VerificationError, and whatever reading the file raises.
    """
    said = name.encode()
    place = read_directory(file, file.seek(0, 2), OURS.members)
    for entry in read_entries(file, place):
        if entry.name.partition(b"/")[2] == said:
            if max(entry.size, entry.packed) > most:
                raise TooLargeError(f"{name} is too large")
            member = Member(*entry[1:7])
            return b"".join(unpack_blocks(_read(file, entry), name, member))
    raise VerificationError(f"{name} is missing")


def _read(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    file.seek(entry.offset + _LENGTHS_AT)
    lengths = file.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        raise VerificationError("this is no sound ZIP file: a member lies behind its end")
    file.seek(sum(_LENGTHS.unpack(lengths)), 1)
    left = entry.packed
    while left and (chunk := file.read(min(left, BLOCK))):
        left -= len(chunk)
        yield chunk
