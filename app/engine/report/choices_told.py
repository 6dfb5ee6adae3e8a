"""What the person chose to leave out, in words: all sentences of an archive that tell of its choices."""

from collections.abc import Iterator, Sequence
from datetime import date

from app.engine.choices import Choices
from app.engine.report.formats import Formats
from app.engine.shape import Coverage


def tell_rows(count: int) -> str:
    return f"Without {count} {'row' if count == 1 else 'rows'} that you chose to leave out."


def tell_files(count: int) -> str:
    return f"{count} {'file itself is' if count == 1 else 'files themselves are'} not here, as you chose."


def tell_choices(choices: Choices, coverage: Sequence[Coverage], formats: Formats) -> Iterator[str]:
    """A sentence for each choice that leaves something out, and one for the sum; none: this is everything."""
    for line in coverage:
        if line.table in choices.without:
            yield f"Without “{line.title}”."
    if choices.since and choices.until:
        yield f"Only what is from {_day(choices.since, formats)} to {_day(choices.until, formats)}, or has no date."
    elif choices.since:
        yield f"Only what is from {_day(choices.since, formats)} or later, or has no date."
    elif choices.until:
        yield f"Only what is from {_day(choices.until, formats)} or earlier, or has no date."
    if not choices.files:
        yield "Without the pictures and files themselves; what the tables say of them is here."
    if choices.limits_rows:
        count = sum(line.rows_left_out for line in coverage)
        yield f"Left out in all: {formats.number(count)} {'row' if count == 1 else 'rows'} of yours."


def _day(day: date, formats: Formats) -> str:
    return formats.date(day.isoformat())
