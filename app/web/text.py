"""What people type, made fit to store: one form of each character, line ends alike, nothing that nobody sees."""

import unicodedata

_INVISIBLE = {"Cc", "Cs"}
_KEPT = {"\n", "\t"}


def clean(value: str | None) -> str:
    """PostgreSQL refuses a NUL, and no person types one."""
    text = unicodedata.normalize("NFC", (value or "").replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(each for each in text if each in _KEPT or unicodedata.category(each) not in _INVISIBLE)


def clean_line(value: str | None) -> str:
    """As `clean`, on one line, without spaces around it."""
    return " ".join(clean(value).split())
