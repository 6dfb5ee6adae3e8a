"""Whether every value of a foreign key is a key of the table it leads to, in eight bytes a key."""

from array import array
from collections.abc import Hashable, Iterable

from app.engine.verify.rows import Column

_BUCKETS = 256


class Keys:
    """A set of keys as 64-bit hashes, which Python seeds anew in each process: a file cannot be made to collide.

    In buckets, so that sets are compared one small piece at a time.
    """

    def __init__(self) -> None:
        self.buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, column: Column, positions: tuple[int, ...]) -> None:
        """What stands at `positions` of the rows just read. A key with an empty cell leads nowhere, as in SQL."""
        for key in map(hash, _find(column, positions)):
            self.buckets[key % _BUCKETS].append(key)

    def count_missing(self, there: "Keys") -> int:
        """How many of these keys are not there."""
        pairs = zip(self.buckets, there.buckets, strict=True)
        return sum(len(set(mine) - set(theirs)) for mine, theirs in pairs)


def _find(column: Column, positions: tuple[int, ...]) -> Iterable[Hashable]:
    """Each once: rows of one parent often stand side by side."""
    if len(positions) == 1:
        return filter(None, set(column(*positions)))
    return filter(all, set(zip(*map(column, positions), strict=True)))
