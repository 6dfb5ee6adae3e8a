"""Whether every value of a foreign key is a key of the table it leads to, in eight bytes a key."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Protocol

from app.engine.verify.problems import VerificationError
from app.engine.verify.rows import Column

_BUCKETS = 256
NOWHERE = 0
"""The hash of a key that leads nowhere. Of the others, one in 2**64 has it too."""
Buckets = defaultdict[int, "array[int]"]


class Room:
    """For so many hashes: there may be many rows, and each may have many keys."""

    def __init__(self, hashes: int = 2**62) -> None:
        self._hashes = self._left = hashes

    def take(self, count: int) -> None:
        """Raises VerificationError."""
        self._left -= count
        if self._left < 0:
            raise VerificationError(f"its rows have more keys than files of this size have: over {self._hashes:,}")


class Collects(Protocol):
    """Is given the columns of the rows just read."""

    def add(self, column: Column, positions: tuple[int, ...]) -> None: ...


class Keys:
    """A set of keys as 64-bit hashes, which Python seeds anew in each process: a file cannot be made to collide.

    In buckets, so that sets are compared one small piece at a time.
    """

    def __init__(self, room: Room | None = None) -> None:
        self.buckets = _make_buckets()
        self._room = room or Room()

    def add(self, column: Column, positions: tuple[int, ...]) -> None:
        """What stands at `positions` of the rows just read. A key with an empty cell leads nowhere, as in SQL."""
        found = list(map(hash, _find(column, positions)))
        self._room.take(len(found))
        for key in found:
            self.buckets[key % _BUCKETS].append(key)

    def count_missing(self, there: "Keys") -> int:
        """How many of these keys are not there."""
        return sum(len(set(mine).difference(there.buckets.get(number, ()))) for number, mine in self.buckets.items())


class RowKeys:
    """Of each row several keys, as hashes side by side, in the bucket of the first. Rows alike stand there once."""

    def __init__(self, widths: Sequence[int], room: Room | None = None) -> None:
        """`widths`: how many columns each key has."""
        self._room = room or Room()
        self._ends = list(accumulate(widths))
        self._buckets = _make_buckets()

    def add(self, column: Column, positions: tuple[int, ...]) -> None:
        """What stands at `positions` of the rows just read: those of the first key, of the second, and so on."""
        parts = [positions[start:end] for start, end in pairwise((0, *self._ends))]
        found = Counter(zip(*(_hash(column, part) for part in parts), strict=True))
        self._room.take(len(found) * (1 + len(parts)))
        for keys, rows in found.items():
            _put(self._buckets, (*keys, rows))

    def count_strange(self, there: Sequence[Sequence[Keys]]) -> int:
        """How many rows have none of their keys there. `there`: for each key, where it may be."""
        left = self._buckets
        for number, keys in enumerate(there):
            left = _drop_known(left, 1 + len(there) - number, keys)
        return sum(map(sum, left.values()))


def _put(buckets: Buckets, counted: Sequence[int]) -> None:
    """Keys of a row, and how many rows have them."""
    buckets[counted[0] % _BUCKETS].extend(counted)


def _drop_known(buckets: Buckets, width: int, there: Sequence[Keys]) -> Buckets:
    """Without the rows whose first key is there; the others without it. `width`: numbers of a row."""
    left = _make_buckets()
    for number, mine in buckets.items():
        known = set().union(*(keys.buckets.get(number, ()) for keys in there))
        for row in zip(*[iter(mine)] * width, strict=True):
            if row[0] not in known:
                _put(left, row[1:])
    return left


def _make_buckets() -> Buckets:
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
