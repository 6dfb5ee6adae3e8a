"""What a password may be: long, and nothing that many people take or that can be read off the account.

There are no rules about kinds of characters, and none has to be changed after a time (NIST SP 800-63B-4). It knows no
rows. `common_passwords.txt` is what of the list that Django brings has eight characters or more; operators may add the
list of all that were found in breaches.
"""

import re
import string
import threading
from collections.abc import Iterable
from functools import cache
from itertools import chain
from pathlib import Path

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.accounts.breached import is_breached

PASSWORD_MIN = 15
PASSWORD_MIN_WITH_FACTOR = 8
PASSWORD_MAX = 128
AT_ONCE = 4
"""Hashing takes 64 MiB and a processor: a rush of sign-ins must not take all memory and every thread's time."""
hashing = threading.BoundedSemaphore(AT_ONCE)

_WALKS = (
    "1234567890" * 4,
    string.ascii_lowercase * 2,
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
)
"""Along the keyboard, the alphabet, the numbers."""
_PERSONAL_MIN = 4
"""Shorter names stand in too many words."""


_COMMON = lazy_gettext(
    "This password is one of the first that others try. Take a few words that only you would put together."
)
_BREACHED = lazy_gettext(
    "This password is in a list of stolen ones, which others try. Take a few words that only you would put together."
)


def least_length(*, has_second_factor: bool = False) -> int:
    return PASSWORD_MIN_WITH_FACTOR if has_second_factor else PASSWORD_MIN


def find_weakness(password: str, about: Iterable[str | None] = (), *, breached: str | None = None) -> str | None:
    """Why this password is guessed early, as a sentence; None: nothing is known against it.

    `about`: what others know of its owner, such as name, e-mail address, and the site's name. `breached`: the path of
    the list, if there is one.
    """
    folded = password.casefold()
    if _is_common(folded):
        return str(_COMMON)
    for word in _personal_words(about):
        if word in folded:
            return str(_("The password contains “%(word)s”, which others know about you. Leave that out.", word=word))
    return str(_BREACHED) if breached and is_breached(breached, password) else None


def _is_common(folded: str) -> bool:
    unit = _unit(folded)
    core = unit.strip(string.digits + string.punctuation + string.whitespace)
    return (
        not _common().isdisjoint({folded, unit, core})
        or (unit != folded and len(unit) < PASSWORD_MIN_WITH_FACTOR)
        or any(folded in walk or folded[::-1] in walk for walk in _WALKS)
    )


def _unit(text: str) -> str:
    """What this text repeats, perhaps not to its end, or all of it: `abcabca` repeats `abc`."""
    found = re.fullmatch(r"(.+?)\1+(.*)", text, re.DOTALL)
    return found[1] if found and found[1].startswith(found[2]) else text


def _personal_words(about: Iterable[str | None]) -> Iterable[str]:
    texts = [text.casefold() for text in about if text]
    names = (text.partition("@")[0] for text in texts)
    found = {*texts, *chain.from_iterable(re.findall(r"\w+", name) for name in names)}
    return sorted(word for word in found if len(word) >= _PERSONAL_MIN)


@cache
def _common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text().splitlines())
