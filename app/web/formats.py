"""Dates, times, numbers and sizes as the person reads them: filters for templates, in their language and time zone.

`day` and `moment` make a `<time>` element; their `…_text` twins make plain text for titles and labels.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from flask import Flask
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import Markup

from app.words.browsers import name_browser
from app.words.figures import day_text, file_size, number

__all__ = ["day_text", "file_size", "moment_text", "number", "today"]


def init_app(app: Flask) -> None:
    for each in (browser, day, day_text, moment, moment_text, number, file_size, initials):
        app.add_template_filter(each)


def browser(user_agent: str) -> str:
    name = name_browser(user_agent)
    return name[:1].upper() + name[1:]


def day(value: date) -> Markup:
    return _time_element(value.isoformat(), day_text(value))


def moment(value: datetime) -> Markup:
    return _time_element(value.isoformat(timespec="seconds"), moment_text(value))


def moment_text(value: datetime) -> str:
    """Date, time and zone: a page may be printed, or read on the road."""
    here = value.astimezone(_time_zone())
    locale = get_locale()
    return f"{format_date(here, 'long', locale=locale)}, {format_time(here, 'short', locale=locale)} {_zone(here)}"


def initials(name: str) -> str:
    """Two letters for the round sign beside a name."""
    words = name.split()
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()


def today() -> date:
    """The day it is where the person is."""
    return datetime.now(_time_zone()).date()


def _time_element(machine: str, text: str) -> Markup:
    return Markup('<time datetime="{}" lang="{}">{}</time>').format(machine, get_locale().language, text)


def _zone(value: datetime) -> str:
    """CET, EST; a zone without letters of its own is told from UTC."""
    name = value.tzname() or ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name


def _time_zone() -> ZoneInfo:
    return ZoneInfo(getattr(current_user, "time_zone", None) or "UTC")
