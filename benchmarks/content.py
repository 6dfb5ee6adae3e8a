"""The rows, the same in every run: text that compresses like prose, with quotes, backslashes and other alphabets."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from benchmarks.fingerprint import fingerprint
from benchmarks.shapes import PEOPLE, PERSON, Case

START = datetime(2020, 1, 1)  # noqa: DTZ001 the column holds no zone
LENGTH = 1_000_000
"""Characters of the text that all others are pieces of; more than any compressor looks back."""
FIRST_DAY = date(2000, 1, 1)
ODD = ('"quoted"', "back\\slash", "đêm", "naïve", "line\nbreak", "tab\there", "🙂", "</script>")


@dataclass
class Expected:
    """What every output must hold: the person's rows, and the sum of their fingerprints."""

    rows: int = 0
    checksum: int = 0


def make_rows(case: Case, table: int, count: int, expected: Expected) -> Iterator[tuple[object, ...]]:
    """`count` rows of each person, in the columns' order; `amount` and `meta` as text. The person's are added up."""
    chance = random.Random(f"{case.name} {table}")
    text, words = _write_text(chance)
    for number in range(count * PEOPLE):
        row = _row(case, number, chance.getrandbits(64), text, words)
        if row[1] == PERSON:
            expected.rows += 1
            expected.checksum += fingerprint(row[0], row[2], row[5], row[6], number)
        yield row


def _write_text(chance: random.Random) -> tuple[str, list[str]]:
    """A long text, that every row has a piece of, and its words: pieces are far quicker to make than sentences."""
    syllables = [start + middle for start in "bcdfghklmnprstvwz" for middle in ("a", "en", "il", "o", "ur", "eas")]
    words = ["".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3)))) for _ in range(2048)]
    return " ".join(chance.choices(words, k=LENGTH // 6)), words


def _row(case: Case, number: int, draw: int, text: str, words: list[str]) -> tuple[object, ...]:
    # Microseconds that end in no zero: some ways cut zeros off.
    moment = START + timedelta(seconds=number * 37, microseconds=number % 99_991 * 10 + 7)
    return (
        number + 1,
        PERSON + number % PEOPLE,
        moment,
        ("note", "visit", "order", "message")[number % 4],
        words[draw & 2047],
        _body(case.body, number, draw % (LENGTH // 2), text),
        f"{draw % 9_999_991 / 100:.2f}",
        _meta(number, draw, words),
        *(_extra(column, number, draw, words) for column in range(case.extra)),
    )


def _body(length: int, number: int, start: int, text: str) -> str:
    odd = f"{ODD[number // 50 % len(ODD)]} " if number % 50 == 0 else ""
    return (odd + text[start : start + length])[:length]


def _meta(number: int, draw: int, words: list[str]) -> str:
    device, tag = words[draw >> 11 & 2047], words[draw >> 22 & 2047]
    place = f'"where": [{draw % 180_001 / 1000}, {draw % 90_001 / 1000}]'
    version = f"4.{draw >> 33 & 63}"
    more = f'"session": "{draw >> 8:x}", "retry": null'
    return (
        f'{{"device": "{device}", "version": "{version}", {place}, "tags": ["{tag}", "kept"], {more}, "n": {number}}}'
    )


def _extra(column: int, number: int, draw: int, words: list[str]) -> object:
    drawn = draw >> column
    return (drawn & 65_535, FIRST_DAY + timedelta(days=number % 9000), words[drawn & 2047])[column % 3]
