"""Dates, numbers and sizes as text, in the language of whoever reads it."""

from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal
from flask_babel import get_locale, ngettext

_UNITS = ("kB", "MB", "GB", "TB")
_STEP = 1024


def day_text(value: date) -> str:
    return str(format_date(value, "long", locale=get_locale()))


def number(value: float) -> str:
    return str(format_decimal(value, locale=get_locale()))


def file_size(size: int) -> str:
    """Three significant digits at most; 1 kB has 1,024 bytes, as file managers count."""
    if size < _STEP:
        return str(ngettext("%(count)s byte", "%(count)s bytes", size, count=number(size)))
    amount, unit = float(size), ""
    for unit in _UNITS:  # noqa: B007  # the unit that the loop ends at is the result
        amount /= _STEP
        if amount < _STEP:
            break
    return f"{format_decimal(amount, '#,##0.#' if amount < 100 else '#,##0', locale=get_locale())} {unit}"  # noqa: PLR2004
