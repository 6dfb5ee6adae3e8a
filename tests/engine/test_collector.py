"""The collector looks rarely while an archive is built, looks all the same, and is as it was afterwards."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.engine.build import Order
from app.engine.collector import NEW, collecting_rarely
from tests.engine.conftest import make_archive


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


class Ring:
    """Only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_rings_are_freed_in_time() -> None:
    with collecting_rarely():
        first = weakref.ref(Ring())
        kept = [Ring() for _ in range(NEW // 10)]
        assert first() is not None  # with Python's own numbers it would be gone
        kept += [Ring() for _ in range(NEW)]
        assert first() is None


def test_the_control_looks_often() -> None:
    gc.set_threshold(700, 10, 10)
    first = weakref.ref(Ring())
    kept = [Ring() for _ in range(NEW // 10)]
    assert (first(), len(kept)) == (None, NEW // 10)


def test_it_is_as_it_was_after_a_build_that_failed(
    ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path
) -> None:
    gc.set_threshold(701, 11, 12)
    during: list[int] = []

    def fail(_store: str, _name: str) -> None:
        during.append(gc.get_threshold()[0])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_archive(ann, engine, schema, tmp_path / "workspace", fail)  # type: ignore[arg-type]  # it opens nothing
    assert (during, gc.get_threshold()) == ([NEW], (701, 11, 12))


@pytest.mark.parametrize("threshold", [0, NEW + 1], ids=["switched off", "rarer still"])
def test_what_is_rarer_is_left_alone(threshold: int) -> None:
    gc.set_threshold(threshold, 10, 10)
    with collecting_rarely():
        assert gc.get_threshold()[0] == threshold
    assert gc.get_threshold()[0] == threshold


def test_builds_side_by_side_leave_nothing_behind() -> None:
    gc.set_threshold(700, 10, 10)
    first, second = collecting_rarely(), collecting_rarely()
    for enter_or_leave in (first.__enter__, second.__enter__):
        enter_or_leave()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (700, 10, 10)
