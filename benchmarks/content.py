"""The rows, the same in every run: text that compresses like prose, with quotes, backslashes and other alphabets."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from benchmarks.fingerprint import fingerprint
from benchmarks.shapes import PEOPLE, PERSON, Case

START = datetime(2020, 1, 1)  # noqa: DTZ001 the column holds no zone
SYLLABLES = ("ba", "den", "ki", "lo", "mar", "nu", "pe", "ri", "so", "ta", "un", "ver", "wi", "zo", "qu", "hes")
ODD = ('"quoted"', "back\\slash", "đêm", "naïve", "line\nbreak", "tab\there", "🙂", "</script>")


@dataclass
class Expected:
    """What every output must hold: the person's rows, and the sum of their fingerprints."""

    rows: int = 0
    checksum: int = 0


def make_rows(case: Case, table: int, count: int, expected: Expected) -> Iterator[tuple[object, ...]]:
    """`count` rows of each person, in the columns' order; `amount` and `meta` as text. The person's are added up."""
    chance = random.Random(f"{case.name} {table}")
    words = _words(chance)
    for number in range(count * PEOPLE):
        row = _row(case, number, chance, words)
        if row[1] == PERSON:
            expected.rows += 1
            expected.checksum += fingerprint(row[0], row[2], row[5], row[6], number)
        yield row


def _words(chance: random.Random) -> list[str]:
    return ["".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3)))) for _ in range(2000)]


def _row(case: Case, number: int, chance: random.Random, words: list[str]) -> tuple[object, ...]:
    # Microseconds that end in no zero: some ways cut zeros off.
    moment = START + timedelta(seconds=number * 37, microseconds=number % 99_991 * 10 + 7)
    return (
        number + 1,
        PERSON + number % PEOPLE,
        moment,
        ("note", "visit", "order", "message")[number % 4],
        chance.choice(words),
        _body(case.body, number, chance, words),
        f"{chance.randrange(10_000_000) / 100:.2f}",
        f'{{"device": "{chance.choice(words)}", "tags": ["{chance.choice(words)}", "b"], "n": {number}}}',
        *(_extra(column, number, chance, words) for column in range(case.extra)),
    )


def _body(length: int, number: int, chance: random.Random, words: list[str]) -> str:
    parts = chance.choices(words, k=length // 5)
    if number % 50 == 0:
        parts[0] = ODD[number // 50 % len(ODD)]
    return " ".join(parts)[:length]


def _extra(column: int, number: int, chance: random.Random, words: list[str]) -> object:
    kinds = (chance.randrange(100_000), date(2000, 1, 1) + timedelta(days=number % 9000), chance.choice(words))
    return kinds[column % 3]
