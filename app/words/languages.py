"""The languages that people are spoken to in: English stands in the code, each other one in a file of `translations/`.

Flask-Babel knows whose language it is (`gettext`, `ngettext`, `lazy_gettext`, `force_locale`); what is said in it is
read here. Flask-Babel itself wants a folder for each language and a compiled file in it, which a build step makes and
somebody forgets: reading the text takes a tenth of a second, once in a process that needs it.

A person's setting is a locale, as Babel names it (`en`, `en_GB`, `vi`): it says how dates and numbers are written, and
its language is that of the words. One that has no file here is spoken to in English.
"""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask
from flask_babel import Babel, Domain, get_locale

FOLDER = Path(__file__).parents[1] / "translations"
ENGLISH = "en"
_ENGLISHES = {ENGLISH: "English (United States)", "en_GB": "English (United Kingdom)"}


class Catalogues(Domain):
    """What Flask-Babel translates by."""

    def get_translations(self) -> NullTranslations:
        return translations_of(str(get_locale() or ENGLISH))


babel = Babel()
babel.domain_instance = Catalogues()


def init_app(app: Flask, choose_locale: Callable[[], str | None]) -> None:
    """`choose_locale`: the locale of whoever is asking; None outside of requests."""
    babel.init_app(app, default_locale=ENGLISH, locale_selector=choose_locale)
    trim_messages(app.jinja_env.policies)


def trim_messages(policies: dict[str, object]) -> None:
    """Line breaks and indents of a template are no part of what `{% trans %}` says."""
    policies["ext.i18n.trimmed"] = True


@cache
def list_codes() -> tuple[str, ...]:
    """Of the languages that words are there for."""
    return (ENGLISH, *sorted(file.stem for file in FOLDER.glob("*.po")))


@cache
def list_languages() -> dict[str, str]:
    """The same, each with what it calls itself: Babel reads four megabytes to know that of one."""
    return {code: "English" if code == ENGLISH else _name(code) for code in list_codes()}


def list_locale_codes() -> list[str]:
    """What can be chosen in the settings."""
    return list(dict.fromkeys((*_ENGLISHES, *list_codes())))


def list_locales() -> dict[str, str]:
    """The same, each with its name."""
    return {code: _ENGLISHES.get(code) or list_languages()[code] for code in list_locale_codes()}


def language_of(locale: str) -> str:
    """The language of the words, for somebody with this locale."""
    return next((code for code in (locale, locale.partition("_")[0]) if code in list_codes()), ENGLISH)


def translations_of(locale: str) -> NullTranslations:
    return read_catalogue(language_of(locale))


@cache
def read_catalogue(language: str) -> NullTranslations:
    """`language`: a code as `vi`. One that has no file is spoken in English."""
    file = FOLDER / f"{language}.po"
    if language not in list_codes() or not file.exists():
        return NullTranslations()
    packed = BytesIO()
    write_mo(packed, read_po(BytesIO(file.read_bytes()), locale=language))
    packed.seek(0)
    return Translations(packed)


def _name(code: str) -> str:
    name = Locale.parse(code).display_name or code
    return name[:1].upper() + name[1:]
