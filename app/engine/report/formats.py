"""How one person reads: dates and numbers by Babel in their locale and time zone, words by a catalogue.

Babel is slow, and the rows that pages show hold the same days, minutes and small numbers again and again: what it said
last is remembered.

The report's JavaScript does the same with the browser's Intl, so a page looks alike with and without it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from functools import cached_property, lru_cache
from gettext import NullTranslations

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format, get_timezone_gmt
from babel.numbers import format_compact_decimal, format_decimal

from app.engine.marking import translate
from app.engine.shape import ENGLISH_WORDS, Value
from app.engine.time_zones import find_zone

NEAR_NEW_YEAR = frozenset({"12-30", "12-31", "01-01", "01-02"})
"""The days on which the year depends on the time zone."""
YEAR = re.compile(r"\d{4}-")


@dataclass(frozen=True)
class Formats:
    locale_name: str
    zone_name: str
    translations: NullTranslations = ENGLISH_WORDS

    @cached_property
    def locale(self) -> Locale:
        return find_locale(self.locale_name)

    @cached_property
    def zone(self) -> tzinfo:
        return find_zone(self.zone_name)

    @property
    def language_tag(self) -> str:
        """What the browser's Intl calls the locale (BCP 47)."""
        return str(self.locale).replace("_", "-")

    @property
    def direction(self) -> str:
        """Of the words' script, as HTML calls it."""
        language = self.translations.info().get("language", ENGLISH_NAME)
        return str(find_locale(language).text_direction)

    def translate(self, text: str) -> str:
        return translate(text, self.translations)

    def translate_count(self, one: str, many: str, number: int) -> str:
        return self.translations.ngettext(one, many, number) % {"count": self.number(number)}

    @property
    def browser_zone(self) -> str:
        return str(self.zone)

    def number(self, value: Value) -> str:
        """Text is shown as it is: it was made text to keep every digit."""
        if isinstance(value, str):
            return value
        if type(value) is int:
            return _say_integer(value, self.locale_name)
        try:
            return str(format_decimal(value, locale=self.locale, decimal_quantization=False))
        except ArithmeticError:  # 1e300 has more digits than a decimal context
            return str(value)

    def compact(self, value: int) -> str:
        return str(format_compact_decimal(value, locale=self.locale, fraction_digits=1))

    def date(self, value: str) -> str:
        try:
            return _say_date(date.fromisoformat(value), self.locale_name)
        except ValueError:
            return value

    def moment(self, value: str) -> str:
        try:
            return self._moment(datetime.fromisoformat(value))
        except (ValueError, OverflowError):
            return value

    def _moment(self, moment: datetime) -> str:
        local = self.localize(moment)
        day = _say_date(local.date(), self.locale_name)
        clock = _say_time(time(local.hour, local.minute), self.locale_name)
        return _form_of_moments(self.locale_name).replace("{0}", clock).replace("{1}", day)

    def day(self, moment: datetime) -> str:
        return str(format_date(self.localize(moment), "long", locale=self.locale))

    def day_and_clock(self, moment: datetime) -> str:
        form = self.translate("%(day)s at %(clock)s")
        return form % {"day": self.day(moment), "clock": self.clock(moment)}

    def clock(self, moment: datetime) -> str:
        """The time of day with its zone: "08:51 (GMT+07:00)"."""
        local = self.localize(moment)
        zone = get_timezone_gmt(local, width="long", locale=self.locale).removesuffix("+00:00")
        return f"{format_time(local, 'short', locale=self.locale)} ({zone})"

    def localize(self, moment: datetime) -> datetime:
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(self.zone)

    def year(self, value: Value) -> int | None:
        """The year of a date or moment, as the person's calendar has it."""
        if not isinstance(value, str) or not YEAR.match(value):
            return None
        if len(value) > len("2026-01-01") and value[5:10] in NEAR_NEW_YEAR:
            try:
                return self.localize(datetime.fromisoformat(value)).year
            except (ValueError, OverflowError):
                pass
        return int(value[:4])


ENGLISH_NAME = "en"
ENGLISH = Formats(ENGLISH_NAME, "UTC")
"""Of what other programs read."""


@lru_cache(maxsize=64)
def find_locale(name: str) -> Locale:
    """English where Babel does not know the locale: dates that read oddly are better than no archive."""
    try:
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale(ENGLISH_NAME)


@lru_cache(maxsize=4096)
def _say_integer(number: int, locale: str) -> str:
    return str(format_decimal(number, locale=find_locale(locale), decimal_quantization=False))


@lru_cache(maxsize=4096)
def _say_date(day: date, locale: str) -> str:
    return str(format_date(day, "medium", locale=find_locale(locale)))


@lru_cache(maxsize=4096)
def _say_time(clock: time, locale: str) -> str:
    return str(format_time(clock, "short", locale=find_locale(locale)))


@lru_cache(maxsize=64)
def _form_of_moments(locale: str) -> str:
    return str(get_datetime_format("medium", locale=find_locale(locale)))
