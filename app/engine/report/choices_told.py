"""What the person chose to leave out, in words: all sentences of an archive that tell of its choices."""

from collections.abc import Iterator, Sequence
from datetime import date

from app.engine.choices import Choices
from app.engine.report.formats import Formats
from app.engine.shape import Coverage


def tell_left_out(line: Coverage, formats: Formats) -> Iterator[str]:
    """Of one table."""
    if line.rows_left_out:
        yield formats.translate_count(
            "Without %(count)s row that you chose to leave out.",
            "Without %(count)s rows that you chose to leave out.",
            line.rows_left_out,
        )
    if line.files_left_out:
        yield formats.translate_count(
            "%(count)s file itself is not here, as you chose.",
            "%(count)s files themselves are not here, as you chose.",
            line.files_left_out,
        )


def tell_choices(choices: Choices, coverage: Sequence[Coverage], formats: Formats) -> Iterator[str]:
    """A sentence for each choice that leaves something out, and one for the sum; none: this is everything."""
    for line in coverage:
        if line.table in choices.without:
            yield formats.translate("Without “%(title)s”.") % {"title": formats.translate(line.title)}
    if choices.since or choices.until:
        yield _tell_days(choices, formats)
    if not choices.files:
        yield formats.translate("Without the pictures and files themselves; what the tables say of them is here.")
    if choices.limits_rows:
        yield formats.translate_count(
            "Left out in all: %(count)s row of yours.",
            "Left out in all: %(count)s rows of yours.",
            sum(line.rows_left_out for line in coverage),
        )


def _tell_days(choices: Choices, formats: Formats) -> str:
    if choices.until is None:
        form = formats.translate("Only what is from %(first)s or later, or has no date.")
    elif choices.since is None:
        form = formats.translate("Only what is from %(last)s or earlier, or has no date.")
    else:
        form = formats.translate("Only what is from %(first)s to %(last)s, or has no date.")
    return form % {"first": _day(choices.since, formats), "last": _day(choices.until, formats)}


def _day(day: date | None, formats: Formats) -> str:
    return formats.date(day.isoformat()) if day else ""
