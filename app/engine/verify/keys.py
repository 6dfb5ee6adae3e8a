"""Whether every value of a foreign key is a key of the table it leads to, in eight bytes a key."""

from array import array
from collections.abc import Callable

_BUCKETS = 256


class Keys:
    """A set of keys as 64-bit hashes, which Python seeds anew in each process: a file cannot be made to collide.

    In buckets, so that sets are compared one small piece at a time.
    """

    def __init__(self) -> None:
        self.buckets = [array("q") for _ in range(_BUCKETS)]
        self._last: int | None = None

    def add(self, cells: tuple[str, ...]) -> None:
        key = hash(cells)
        if key != self._last:  # rows of one parent often stand side by side
            self.buckets[key % _BUCKETS].append(key)
            self._last = key

    def count_missing(self, there: "Keys") -> int:
        """How many of these keys are not there."""
        pairs = zip(self.buckets, there.buckets, strict=True)
        return sum(len(set(mine) - set(theirs)) for mine, theirs in pairs)


def watch(positions: tuple[int, ...], keys: Keys) -> Callable[[list[str]], None]:
    """Adds what stands at `positions` of each CSV row. A key with an empty cell leads nowhere, as in SQL."""
    if len(positions) == 1:
        (only,) = positions

        def add_one(row: list[str]) -> None:
            if row[only]:
                keys.add((row[only],))

        return add_one

    def add(row: list[str]) -> None:
        cells = tuple(row[position] for position in positions)
        if all(cells):
            keys.add(cells)

    return add
