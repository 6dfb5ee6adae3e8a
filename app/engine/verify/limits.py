"""How much is read of a file, and held of it, whatever it claims."""

from dataclasses import dataclass

MIB = 1024**2


@dataclass(frozen=True)
class Limits:
    """What is read at most. Honest archives stay far below."""

    members: int = 1_000_000
    total: int = 256 * 1024**3
    """Bytes unpacked."""
    ratio: int = 200
    """How many times the packed size."""
    row: int = 16 * MIB
    """Bytes held of one row. One that lies in one block is held anyway: less than `unpack.BLOCK` changes little."""
    long_row: int = 64 * MIB
    """The same of a member that has many bytes also when it is packed: some tables have whole files in their rows."""
    document: int = 8 * MIB
    """Bytes of the data package, and of coverage.json without its gaps."""
    values: int = 500_000
    """In what is made into objects at once: each takes up to a hundred bytes."""
    gaps: int = 64 * MIB
    """Bytes of coverage.json with its gaps, which are never made into objects: some 500,000 of them."""
    name: int = 1_000
    """Characters of the name of a table or a column."""
    columns: int = 2_000
    """Of a table. PostgreSQL has 1,600 at most, SQLite 2,000 unless it was built for more."""
    keys: int = 400
    """Columns of one table that are followed: those of its keys and those that keys lead to, for each key anew.

    Keys of the same columns count once.
    """
    few_hashes: int = 4 * MIB
    """Of keys, for which any file has room: 32 MiB."""
    hashes: int = 4
    """As many more for each byte of the files. A row packs to some bytes at least, and few of its columns are keys."""


FOREIGN = Limits()
OURS = Limits(
    members=2**40,
    total=2**62,
    ratio=2**30,
    row=2**31,
    long_row=2**31,
    document=2**31,
    values=2**40,
    gaps=2**31,
    name=2**31,
    columns=2**31,
    keys=2**31,
    few_hashes=2**62,
    hashes=2**31,
)
"""For a file just written from rows that were in memory: it cannot be a bomb, and a long text is no fault."""
TAG = 64 * 1024
"""Bytes of the bag's small tag files and of the signature, in anybody's archive: ours have less than a thousand."""
LONG = 256 * 1024
"""Bytes from which on a text is read by the row: a few blocks."""
