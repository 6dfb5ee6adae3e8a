"""Whatever is done to a chain without its key is found. The chain alone: no database, hundreds of random changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.chain import START, BrokenChainError, Link, Row, check_chain, seal

KEY = b"the key of this test, 32 bytes.."
FIELDS = ("at", "actor", "subject_id", "what", "object_id", "sign_in_id", "result", "mac")
ANN = "0197a3c0-0000-7000-8000-000000000001"


Chain = list[Row]


def make_chain(length: int) -> Chain:
    rows: Chain = []
    for number in range(1, length + 1):
        at = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=number)
        row = Row(number, at, ANN, ANN, "signed_in", f"object {number}", None, None)
        rows.append(seal(KEY, row, rows[-1].mac if rows else START.mac))
    return rows


def end_of(chain: Chain) -> Link:
    return Link(chain[-1].number, chain[-1].mac) if chain else START


def find_fault(chain: Chain, *, end: Link, anchors: tuple[Link, ...] = ()) -> int | None:
    """The number that is named; None: the chain is whole."""
    try:
        check_chain(chain, KEY, end=end, anchors=anchors)
    except BrokenChainError as error:
        return error.number
    return None


def _other_than(old: str | None) -> st.SearchStrategy[str]:
    return st.text("ab").filter(lambda text: text != old)


def edit(chain: Chain, draw: st.DataObject) -> int:
    place = draw.draw(st.integers(0, len(chain) - 1))
    field = draw.draw(st.sampled_from(FIELDS))
    old = getattr(chain[place], field)
    changed: Any = old + timedelta(microseconds=1) if field == "at" else draw.draw(_other_than(old))
    changes: dict[str, Any] = {field: changed}
    chain[place] = replace(chain[place], **changes)
    return place + 1


def remove(chain: Chain, draw: st.DataObject) -> int:
    place = draw.draw(st.integers(0, len(chain) - 1))
    del chain[place]
    return place + 1


def remove_and_close_up(chain: Chain, draw: st.DataObject) -> int:
    place = remove(chain, draw) - 1
    for number in range(place, len(chain)):
        chain[number] = replace(chain[number], number=number + 1)
    return place + 1


def swap(chain: Chain, draw: st.DataObject) -> int:
    """Two rows stand in each other's place, numbers too."""
    one, other = sorted(draw.draw(st.lists(st.integers(0, len(chain) - 1), min_size=2, max_size=2, unique=True)))
    first, second = chain[one], chain[other]
    chain[one], chain[other] = replace(second, number=first.number), replace(first, number=second.number)
    return one + 1


def insert(chain: Chain, draw: st.DataObject) -> int:
    """A row that looks like another, and all after it move on."""
    place = draw.draw(st.integers(0, len(chain)))
    chain.insert(place, replace(draw.draw(st.sampled_from(chain)), result="inserted"))
    for number in range(place, len(chain)):
        chain[number] = replace(chain[number], number=number + 1)
    return place + 1


def cut(chain: Chain, draw: st.DataObject) -> int:
    kept = draw.draw(st.integers(0, len(chain) - 1))
    del chain[kept:]
    return kept + 1


CHANGES: dict[str, Callable[[Chain, st.DataObject], int]] = {
    "edit": edit,
    "remove": remove,
    "remove and close up": remove_and_close_up,
    "swap": swap,
    "insert": insert,
    "cut": cut,
}


@pytest.mark.parametrize("name", CHANGES)
@given(draw=st.data(), length=st.integers(2, 8))
def test_a_change_is_found_and_its_row_is_named(name: str, draw: st.DataObject, length: int) -> None:
    chain = make_chain(length)
    end = end_of(chain)
    assert find_fault(chain, end=end) is None
    number = CHANGES[name](chain, draw)
    assert find_fault(chain, end=end) == number


@given(draw=st.data(), length=st.integers(2, 8))
def test_a_cut_that_mends_the_head_is_found_by_an_anchor(draw: st.DataObject, length: int) -> None:
    """And by nothing else: what is left is a whole chain."""
    chain = make_chain(length)
    anchored = end_of(chain)
    number = cut(chain, draw)
    assert find_fault(chain, end=end_of(chain)) is None
    assert find_fault(chain, end=end_of(chain), anchors=(anchored,)) == number


def test_who_has_the_key_can_write_it_anew_but_for_what_was_anchored() -> None:
    old = make_chain(4)
    new = [replace(row, result="of another kind") for row in old]
    for place, row in enumerate(new):
        new[place] = seal(KEY, row, new[place - 1].mac if place else START.mac)
    assert find_fault(new, end=end_of(new)) is None
    assert find_fault(new, end=end_of(new), anchors=(Link(2, old[1].mac),)) == 2
    theirs = (Link(2, old[1].mac), Link(2, new[1].mac))  # and have put a note of their own in the place of ours
    assert (
        find_fault(new, end=end_of(new), anchors=theirs) == find_fault(new, end=end_of(new), anchors=theirs[::-1]) == 2
    )


def test_another_key_is_said() -> None:
    chain = make_chain(2)
    with pytest.raises(BrokenChainError, match="AUDIT_KEY is not the key"):
        check_chain(chain, b"another", end=end_of(chain))


def test_rows_beyond_the_head_are_found() -> None:
    chain = make_chain(3)
    assert find_fault(chain, end=Link(2, chain[1].mac)) == 3
