"""Small archives that claim much memory or work of whoever checks them. Each is sealed anew, and nobody has signed it.

The controls lift one limit, or do what was done once: then it is as much as the file claims.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.engine.build import Built
from app.engine.verify import FOREIGN, Expected, Limits, VerificationError, verify_archive
from tests.engine.forging import Members, find_top, pack, seal, unpack

MIB = 1024**2
SMALL = 12 * MIB
"""More than checking an honest archive of a few rows takes, and less than each of these would."""


@pytest.fixture(scope="module")
def few(built_once: Built) -> Members:
    """Ann's archive without its report and its signature."""
    (part,) = built_once.parts
    members = unpack(part.file)
    kept = {"bagit.txt", "bag-info.txt"}
    few = {name: text for name, text in members.items() if name in kept or name.startswith("data/")}
    lines = few["bag-info.txt"].splitlines(keepends=True)
    return few | {"bag-info.txt": b"".join(line for line in lines if not line.startswith(b"Signed-With"))}


class Outcome:
    """What came of a check. `peak`: the most bytes held at once."""

    problem: str | None = None
    peak = 0


@contextmanager
def tracing(outcome: Outcome) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        _, outcome.peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()


Check = Callable[..., Outcome]


@pytest.fixture
def check(few: Members, tmp_path: Path) -> Check:
    """Checks the few, with these members among them or in their place."""

    def check(changed: Members, limits: Limits = FOREIGN) -> Outcome:
        members = seal({name: text for name, text in few.items() if name not in changed} | changed)
        path = pack(tmp_path / "greedy.zip", members | changed, find_top(few))
        assert path.stat().st_size < MIB
        outcome = Outcome()
        with tracing(outcome):
            try:
                verify_archive([path], Expected("1"), limits=limits)
            except VerificationError as error:
                outcome.problem = str(error)
        return outcome

    return check


def test_an_honest_one_takes_little(check: Check) -> None:
    outcome = check({})
    assert outcome.problem is None
    assert outcome.peak < SMALL / 2


@pytest.mark.parametrize("name", ["bagit.txt", "bag-info.txt", "tagmanifest-sha256.txt.minisig"])
def test_tag_files_of_line_ends(check: Check, name: str) -> None:
    text = b"\n" * 16 * MIB
    outcome = check({name: text})
    assert outcome.problem == f"{name} has more than 65,536 bytes, and is not read"
    assert outcome.peak < SMALL
    control = Outcome()
    with tracing(control):
        text.decode().splitlines()
    assert control.peak > 4 * SMALL
