"""The members that the list of a ZIP file has: there may be a million of them.

One of ours takes some two hundred bytes, one with the longest name that is accepted some seven hundred.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.engine.verify.problems import VerificationError

STORED, DEFLATED = 0, 8
"""The two methods, as ZIP numbers them."""
_FACTS, _START = struct.Struct("<3QL2H"), struct.Struct("<Q")


class Member(NamedTuple):
    start: int
    """Where its header begins; once that was checked, where its content does."""
    packed: int
    size: int
    crc: int
    flags: int
    method: int


class Members:
    """By name below the top folder; each also has a number, in the order of the list, from 0."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._facts = bytearray()
        self._capitals: set[str] = set()
        """Of names that have any, how they would read without."""
        self._last = 0
        self._is_in_order = True

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    def __getitem__(self, name: str) -> Member:
        return self.at(self._numbers[name])

    def at(self, number: int) -> Member:
        return Member._make(_FACTS.unpack_from(self._facts, number * _FACTS.size))

    def find(self, name: str) -> int | None:
        """Its number."""
        return self._numbers.get(name)

    def all(self) -> Iterator[Member]:
        return map(Member._make, _FACTS.iter_unpack(self._facts))

    def add(self, name: str, member: Member) -> None:
        """`name`: in ASCII. Raises VerificationError."""
        folded = name.lower()
        if folded in self._numbers or folded in self._capitals:
            raise VerificationError("two members have the same name")
        if folded != name:
            self._capitals.add(folded)
        self._numbers[name] = len(self._numbers)
        self._facts += _FACTS.pack(*member)
        self._is_in_order &= member.start >= self._last
        self._last = member.start

    def begin(self, number: int, start: int) -> None:
        """Where its content begins."""
        _START.pack_into(self._facts, number * _FACTS.size, start)

    def in_order(self) -> Sequence[int]:
        """The numbers, as the members lie in the file: as a rule as they are listed."""
        numbers = range(len(self))
        return numbers if self._is_in_order else sorted(numbers, key=lambda number: self.at(number).start)
