"""Pages of a long list: which there are, and what is on one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    items: Sequence[Item]
    number: int
    total: int
    """Items on all pages."""
    size: int
    """Most items on one page."""

    @property
    def count(self) -> int:
        return count_pages(self.total, self.size)


def count_pages(total: int, size: int) -> int:
    """An empty list has one page too."""
    return max(1, -(-total // size))


def turn_to(number: int, total: int, size: int) -> int:
    """The page of this number; beyond the ends, the first or the last."""
    return min(max(number, 1), count_pages(total, size))
