"""How the verifier says that something is wrong."""

from collections.abc import Iterable

SHOWN = 20


class VerificationError(Exception):
    """The file is not what it should be; it must not be published, nor believed."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def raise_all(problems: Iterable[str]) -> None:
    """One error with the first of them, and how many more there are; none if there are none."""
    found = list(problems)
    if len(found) > SHOWN:
        found[SHOWN:] = [f"and {len(found) - SHOWN} more"]
    if found:
        raise VerificationError(*found)
