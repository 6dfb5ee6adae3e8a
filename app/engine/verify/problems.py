"""How the verifier says that something is wrong."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

SHOWN = 20


class VerificationError(Exception):
    """The file is not what it should be; it must not be published, nor believed."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class UnreadableError(VerificationError):
    """A member's bytes cannot be had."""


def raise_all(problems: Iterable[str]) -> None:
    """One error with the first of them, and how many more there are; none if there are none."""
    rest = iter(problems)
    found = list(islice(rest, SHOWN))
    if more := sum(1 for _ in rest):
        found.append(f"and {more} more")
    if found:
        raise VerificationError(*found)


@contextmanager
def naming(prefix: str) -> Iterator[None]:
    """Each problem begins with the file that has it."""
    try:
        yield
    except VerificationError as error:
        raise VerificationError(*(f"{prefix}{problem}" for problem in error.problems)) from error
