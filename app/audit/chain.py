"""The chain itself: how a row is sealed, and whether rows are those that were sealed. Knows no database."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple


class Link(NamedTuple):
    """A place in the chain, as its end and the anchors name it."""

    number: int
    mac: str


START = Link(0, "0" * 64)
"""What the first row is chained to."""


@dataclass(frozen=True)
class Row:
    """The columns of `models.AuditRow`, which has a sentence for each."""

    number: int
    at: datetime
    actor: str
    subject_id: str | None
    what: str
    object_id: str | None
    sign_in_id: str | None
    result: str | None
    mac: str = ""


class BrokenChainError(Exception):
    """The audit is not what was written. `number`: of the first row that is wrong or missing."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"row {number} {problem}")
        self.number = number


def seal(key: bytes, row: Row, before: str) -> Row:
    """The row with its HMAC; `before`: that of the row before it."""
    return replace(row, mac=_authenticate(key, row, before))


def check_chain(rows: Iterable[Row], key: bytes, *, end: Link, anchors: Iterable[Link] = ()) -> int:
    """How many rows there are. `rows`: all of them, by number; `anchors`: places that were noted elsewhere.

    Raises BrokenChainError.
    """
    noted: dict[int, set[str]] = {}
    for number, mac in anchors:  # of one row there may be several notes, and each has to be true
        noted.setdefault(number, set()).add(mac)
    last = START
    for row in rows:
        _check_row(row, key, last)
        last = Link(row.number, row.mac)
        if noted.get(last.number, {last.mac}) != {last.mac}:
            raise BrokenChainError(last.number, "is another one than was anchored: the chain was written anew.")
    if last.number < max(end.number, *noted, 0):
        raise BrokenChainError(last.number + 1, "is missing, and all after it: the end was cut off.")
    if last != end:
        raise BrokenChainError(last.number, "is not the one that audit_head names as the last.")
    return last.number


def _check_row(row: Row, key: bytes, before: Link) -> None:
    if row.number != before.number + 1:
        raise BrokenChainError(before.number + 1, f"is missing: row {row.number} stands in its place.")
    if not hmac.compare_digest(_authenticate(key, row, before.mac).encode(), row.mac.encode()):
        if before == START:
            raise BrokenChainError(row.number, "was changed, or AUDIT_KEY is not the key that it was written with.")
        raise BrokenChainError(row.number, "is not what was written here.")


def _authenticate(key: bytes, row: Row, before: str) -> str:
    """HMAC-SHA256, in hexadecimal. JSON keeps a column from running into the next."""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    facts = [before, row.number, at, row.actor, row.subject_id, row.what, row.object_id, row.sign_in_id, row.result]
    return hmac.new(key, json.dumps(facts).encode(), hashlib.sha256).hexdigest()
