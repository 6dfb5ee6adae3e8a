"""Texts that an archive says in the person's language, marked where they are written."""

from gettext import NullTranslations


def mark(text: str) -> str:
    """The text itself; `make languages` finds it by this name. `coverage.json` has it in English."""
    return text


def translate(text: str, translations: NullTranslations) -> str:
    """A catalogue has its own head under the empty text."""
    return translations.gettext(text) if text else ""
