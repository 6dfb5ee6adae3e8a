"""How much is read of a file, and held of it, whatever it claims."""

from dataclasses import dataclass


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
TAG = 64 * 1024
"""Bytes of the bag's small tag files and of the signature, in anybody's archive: ours have less than a thousand."""
