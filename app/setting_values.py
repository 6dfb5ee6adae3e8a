"""What the value of a setting may be, told from its default and its name. An environment can hold any text."""

import math
from typing import Any

_FRACTIONS = {"_DAYS": 36_500, "_SECONDS": 2_000_000, "_LIMIT": 2_000_000}
"""Endings of what may be a fraction, and the most it may be: a century, and what PostgreSQL takes: three weeks."""
_MOST = 2**53
"""Whole numbers up to it are exact everywhere."""
_OFF = {
    "ARCHIVES_PER_DAY",
    "ARCHIVE_LARGE_ROWS",
    "ARCHIVE_LARGE_BYTES",
    "ARCHIVE_PIECE_ROWS",
    "ARCHIVE_QUOTA_BYTES",
    "SIGN_UP_MAILS_PER_HOUR",
    "TEXT_QUOTA_BYTES",
    "UPLOAD_QUOTA_BYTES",
    "WTF_CSRF_TIME_LIMIT",
}
"""Numbers that may be null: then there is no such limit."""
_WORDS = {"LOG_FORMAT": ("text", "json"), "SESSION_COOKIE_SAMESITE": ("Lax", "Strict")}
"""Texts that may be these only. With another instead of Lax no cookie could be set, and each page would be a fault."""
_CHOICES = {"EXAMPLES"}
"""True or false, and unset something else."""
_APART = {"TRUSTED_HOSTS", "SECRET_KEY_FALLBACKS", "UPLOAD_TYPES", "UPLOAD_MORE_TYPES"}
"""Lists of texts; `config` looks at them itself."""


def complain(name: str, default: Any, value: Any) -> str | None:
    """What is wrong with it and what to write, in words; None: nothing. The value itself may be secret."""
    if value is None or name in _APART:
        return None if default is None or name in _OFF else f"{name} must have a value."
    if name in _WORDS:
        return None if value in _WORDS[name] else f"{name} must be {' or '.join(_WORDS[name])}."
    if isinstance(default, bool) or name in _CHOICES:
        return None if isinstance(value, bool) else f"{name} must be true or false, in small letters."
    if isinstance(default, int) or name in _OFF:
        return _complain_of_number(name, value)
    if isinstance(default, list):
        is_fine = isinstance(value, list | tuple) and all(_is_size(each) for each in value)
        return None if is_fine else f"{name} must be a list of whole numbers, such as [1073741824]."
    return None if isinstance(value, str | bytes) or hasattr(value, "__fspath__") else f"{name} must be a text."


def is_text(name: str, default: Any) -> bool:
    return isinstance(default, str) or (default is None and name not in _OFF | _CHOICES | _APART)


def _complain_of_number(name: str, value: Any) -> str | None:
    most = next((most for ending, most in _FRACTIONS.items() if name.endswith(ending)), _MOST)
    kinds = int if most == _MOST else int | float
    if isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= most:
        return None
    return f"{name} must be a {'whole ' if most == _MOST else ''}number from 0 to {most}."


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST
