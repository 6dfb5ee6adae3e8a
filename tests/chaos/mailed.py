"""Mails, judged from outside: what the tables say was owed, what was written, what a real SMTP server has taken."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.outbox import MOST_AN_HOUR

if TYPE_CHECKING:
    from tests.chaos.record import Fault, Record

LAG = 5.0
"""Seconds around a fault in which whoever sends a mail may be cut off before writing down that it was taken."""


@dataclass(frozen=True)
class Letter:
    """What a mail is for. `about`: the id of an archive; "" for a sign-in."""

    kind: str
    user_id: str
    about: str = ""


@dataclass(frozen=True)
class Written:
    """A row of `mail`. `address`: of the person whose it is."""

    id: str
    letter: Letter
    address: str
    attempt: int
    is_given_up: bool


@dataclass(frozen=True)
class Taken:
    """By the server. `at`: seconds since 1970."""

    mail_id: str
    address: str
    at: float


def unwritten(record: "Record") -> list[str]:
    """Mails that were owed, and have no row. Of a kind a person gets ten an hour; then no more are owed."""
    letters = [each.letter for each in record.mails or ()]
    counts = Counter((each.kind, each.user_id) for each in letters)
    missing = Counter(_owed(record)) - Counter(letters)
    return [_name(each) for each in missing if counts[each.kind, each.user_id] < MOST_AN_HOUR]


def unsent(record: "Record") -> list[str]:
    """Written, and never taken by the server for the person's own address."""
    taken = {(each.mail_id, each.address) for each in record.taken}
    left = [each for each in record.mails or () if each.is_given_up or (each.id, each.address) not in taken]
    return [f"{_name(each.letter)}: {'given up' if each.is_given_up else 'not sent'}" for each in left]


def foreign(record: "Record") -> list[str]:
    """Taken for somebody whose it is not, or without a row that it comes from."""
    whose = {each.id: each.address for each in record.mails or ()}
    return [f"mail {each.mail_id}: to a stranger" for each in record.taken if whose.get(each.mail_id) != each.address]


def repeated(record: "Record") -> list[str]:
    """Written twice for the same, or taken twice and no fault was near that excuses it."""
    requested = Counter(Letter("requested", row.user_id, row.id) for row in record.rows)  # also of a click cut off
    twice = Counter(each.letter for each in record.mails or ()) - (Counter(_owed(record)) | requested)
    return [*(f"{_name(each)}: written once too often" for each in twice), *_sent_again(record)]


def breaches(record: "Record") -> list[str]:
    """Nothing when nobody has looked: nothing sends mails with the tutorial's settings."""
    judges = (unwritten, unsent, foreign, repeated)
    return [] if record.mails is None else [breach for judge in judges for breach in judge(record)]


def _sent_again(record: "Record") -> Iterator[str]:
    for mail in record.mails or ():
        taken = sorted(each.at for each in record.taken if each.mail_id == mail.id)
        if any(not _is_excused(at, record.faults) for at in taken[:-1]) or len(taken) > mail.attempt:
            yield f"{_name(mail.letter)}: sent {len(taken)} times in {mail.attempt} attempts"


def _is_excused(at: float, faults: "list[Fault]") -> bool:
    """Whoever sends a mail is killed, or cut off from the database, before the row says that the server has it."""
    return any("twice" in each.kind.excuses and each.began - LAG <= at <= each.ended + LAG for each in faults)


def _owed(record: "Record") -> Iterator[Letter]:
    clicks = set(record.clicks)
    for row in record.rows:
        yield from [Letter("requested", row.user_id, row.id)] * (row.id in clicks)
        yield from [Letter("ready", row.user_id, row.id)] * len(row.ready)
        yield from [Letter("failed", row.user_id, row.id)] * (row.state == "failed")
    yield from record.events


def _name(letter: Letter) -> str:
    return f"mail {letter.kind!r} to {letter.user_id}, {letter.about or 'a sign-in'}"
