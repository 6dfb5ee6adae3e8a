"""Whether every value of a foreign key is a key of the table it leads to, in eight bytes a key."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Protocol

from app.engine.verify.rows import Column

_BUCKETS = 256
NOWHERE = 0
"""The hash of a key that leads nowhere. Of the others, one in 2**64 has it too."""


class Collects(Protocol):
    """Is given the columns of the rows just read."""

    def add(self, column: Column, positions: tuple[int, ...]) -> None: ...


class Keys:
    """A set of keys as 64-bit hashes, which Python seeds anew in each process: a file cannot be made to collide.

    In buckets, so that sets are compared one small piece at a time.
    """

    def __init__(self) -> None:
        self.buckets = _make_buckets()

    def add(self, column: Column, positions: tuple[int, ...]) -> None:
        """What stands at `positions` of the rows just read. A key with an empty cell leads nowhere, as in SQL."""
        for key in map(hash, _find(column, positions)):
            self.buckets[key % _BUCKETS].append(key)

    def count_missing(self, there: "Keys") -> int:
        """How many of these keys are not there."""
        return sum(len(set(mine).difference(there.buckets.get(number, ()))) for number, mine in self.buckets.items())


class RowKeys:
    """Of each row several keys, as hashes side by side, in the bucket of the first. Rows alike stand there once."""

    def __init__(self, widths: Sequence[int]) -> None:
        """`widths`: how many columns each key has."""
        self._ends = list(accumulate(widths))
        self._buckets = _make_buckets()

    def add(self, column: Column, positions: tuple[int, ...]) -> None:
        """What stands at `positions` of the rows just read: those of the first key, of the second, and so on."""
        parts = [positions[start:end] for start, end in pairwise((0, *self._ends))]
        for keys, rows in Counter(zip(*(_hash(column, part) for part in parts), strict=True)).items():
            self._put((*keys, rows))

    def _put(self, counted: Sequence[int]) -> None:
        """The keys, and how many rows have them."""
        self._buckets[counted[0] % _BUCKETS].extend(counted)

    def count_strange(self, there: Sequence[Sequence[Keys]]) -> int:
        """How many rows have none of their keys there. `there`: for each key, where it may be."""
        first, *others = there
        left = RowKeys([1] * len(others))
        count = 0
        for number, mine in self._buckets.items():
            known = set().union(*(keys.buckets.get(number, ()) for keys in first))
            strange = [row for row in zip(*[iter(mine)] * (1 + len(there)), strict=True) if row[0] not in known]
            count += sum(row[-1] for row in strange)
            for row in strange if others else ():
                left._put(row[1:])
        return left.count_strange(others) if others else count


def _make_buckets() -> "defaultdict[int, array[int]]":
    """Each is made when it is needed: empty ones took 4 % of a small archive's time."""
    return defaultdict(lambda: array("q"))


def _hash(column: Column, positions: tuple[int, ...]) -> Iterable[int]:
    """Of each row; an empty cell makes the key NOWHERE."""
    if len(positions) == 1:
        return (hash(value) if value else NOWHERE for value in column(*positions))
    rows = zip(*map(column, positions), strict=True)
    return (hash(values) if all(values) else NOWHERE for values in rows)


def _find(column: Column, positions: tuple[int, ...]) -> Iterable[Hashable]:
    """Each once: rows of one parent often stand side by side."""
    if len(positions) == 1:
        return filter(None, set(column(*positions)))
    return filter(all, set(zip(*map(column, positions), strict=True)))
