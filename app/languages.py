"""The languages that people are spoken to in: English stands in the code, each other one in a file of `translations/`.

Flask-Babel knows whose language it is (`gettext`, `ngettext`, `lazy_gettext`, `force_locale`); what is said in it is
read here. Flask-Babel itself wants a folder for each language and a compiled file in it, which a build step makes and
somebody forgets: reading the text takes a tenth of a second, once in a process that needs it.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask
from flask_babel import Babel, Domain, get_locale

FOLDER = Path(__file__).parent / "translations"
ENGLISH = "en"


class Catalogues(Domain):
    """What Flask-Babel translates by."""

    def get_translations(self) -> NullTranslations:
        return read_catalogue((get_locale() or Locale(ENGLISH)).language)


babel = Babel()
babel.domain_instance = Catalogues()


def init_app(app: Flask) -> None:
    babel.init_app(app, default_locale=ENGLISH)


@cache
def read_catalogue(language: str) -> NullTranslations:
    """`language`: a code as `vi`. One that has no file is spoken in English."""
    file = FOLDER / f"{language}.po"
    if not file.exists():
        return NullTranslations()
    packed = BytesIO()
    write_mo(packed, read_po(BytesIO(file.read_bytes()), locale=language))
    packed.seek(0)
    return Translations(packed)
