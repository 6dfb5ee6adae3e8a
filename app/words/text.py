"""What people type, made fit to store: one form of each character, line ends alike, nothing that nobody sees.

Names, titles and tags also lose what changes how a line looks and cannot be seen itself: with it, one person's name
looks like another's, and a line's end may stand at its beginning. Unicode's UTS #39 keeps the same from identifiers.
"""

import re
import unicodedata
from functools import cache
from string import ascii_lowercase

from app.words import emoji

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Unicode's categories Cc and Cs, which never change, without the line's end and the tab."""
_MOST_MARKS = 30
"""In a row, as in Unicode's Stream-Safe Text Format (UAX #15, 13): twice what any language is known to need."""
_MADE_OF_MARKS = "\u0f73\u0f75\u0f81"
"""Vowels of Tibetan that count as letters until they are taken apart."""
_FIRST_MARK, _AFTER_MARKS = 0x300, 0x20000
_PERHAPS_MANY = re.compile(f"[{chr(_FIRST_MARK)}-\U0010ffff][{chr(_FIRST_MARK)}-\U0010ffff]{{{_MOST_MARKS}}}")
"""No mark stands before U+0300: most texts of Europe and Vietnam need no closer look."""
_MOST_OF_ADDRESS = 1000
"""Far more than an e-mail address may have."""

_UNSEEN = (
    # Default_Ignorable_Code_Point of Unicode 16: joiners, zero widths, bidi controls, fillers, selectors, tags
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ufff9-\ufffb"  # marks of annotations, which are not shown either
)
_BLANK_BRAILLE = "\u2800"
"""It looks like a space, and is no space to any program."""
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_VIRAMA = 9
_SUSPECT = re.compile(f"(?P<flag>{emoji.FLAGS})|[{_UNSEEN}]")
_WITHOUT_MARK = {"đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O"}
"""Letters that Unicode does not take apart."""
_NEVER_JOINED_ON = re.compile(
    # Arabic letters that join to none that follows: after them a ZWNJ changes nothing that can be seen
    "[\u0621-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0677\u0688-\u0699\u06c0\u06c3-\u06cb\u06cd\u06cf"
    "\u06d2\u06d3\u06d5\u06ee\u06ef]"
)


def clean(value: str | None) -> str:
    """PostgreSQL refuses a NUL, and no person types one. Of many marks on one letter the first stay."""
    return _normalize(_CONTROLS.sub("", (value or "").replace("\r\n", "\n").replace("\r", "\n")))


def clean_line(value: str | None) -> str:
    """As `clean`, on one line, without spaces around it and without signs that only change how others look.

    Such a sign stays where it belongs to the writing: in emoji, between letters of Persian and of India's scripts.
    """
    seen = _SUSPECT.sub(_keep_or_drop, clean(value).replace(_BLANK_BRAILLE, " "))
    # A sign that stood between a letter and its mark kept them apart.
    return _normalize(" ".join(seen.split()))


def clean_address(value: str | None) -> str:
    """As `clean_line`: an e-mail address, which strangers may send, is no work to clean."""
    return clean_line((value or "")[:_MOST_OF_ADDRESS])


def clean_lines(value: str | None) -> str:
    """Each line as by `clean_line`."""
    return "\n".join(map(clean_line, (value or "").splitlines()))


def with_any_marks(word: str) -> str:
    """A regular expression, as PostgreSQL and Python read it: this word of ASCII, in any case and with any marks."""
    return "".join(_variants().get(each.lower()) or re.escape(each) for each in word)


@cache
def _variants() -> dict[str, str]:
    """`d` → `[dDđĐďĎ…]`."""
    found = {letter: f"{letter}{letter.upper()}" for letter in ascii_lowercase}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        bare = _WITHOUT_MARK.get(chr(code)) or unicodedata.normalize("NFD", chr(code))[0]
        if bare.isascii() and bare.isalpha():
            found[bare.lower()] += chr(code)
    return {letter: f"[{signs}]" for letter, signs in found.items()}


def _normalize(text: str) -> str:
    """Composed (NFC). Marks are sorted by insertion for that, which took half an hour for two megabytes of them."""
    composed = unicodedata.normalize("NFC", _cut_marks(text))
    return _cut_marks(composed)  # some that count as one are taken apart, and stay so


def _cut_marks(text: str) -> str:
    if not _PERHAPS_MANY.search(text):
        return text
    return _too_many_marks().sub(lambda run: run[0][:_MOST_MARKS], text)


@cache
def _too_many_marks() -> re.Pattern[str]:
    marks = "".join(
        each
        for each in map(chr, range(_FIRST_MARK, _AFTER_MARKS))
        if unicodedata.combining(each) or each in _MADE_OF_MARKS
    )
    return re.compile(f"[{marks}][{marks}]{{{_MOST_MARKS},}}")


def _keep_or_drop(found: re.Match[str]) -> str:
    sign = found[0]
    if found["flag"]:
        return sign
    before, after = (
        found.string[max(0, found.start() - 8) : found.start()],
        found.string[found.end() : found.end() + 1],
    )
    return sign if any(belongs(before, after) for belongs in _BELONGS.get(sign, ())) else ""


def _divides_arabic(before: str, after: str) -> bool:
    """می‌خواهم: UAX #31 allows a ZWNJ between two letters that would be joined."""
    letters = re.sub(r"[\u0610-\u061a\u064b-\u065f\u0670]+$", "", before)
    return (
        bool(letters and after)
        and unicodedata.bidirectional(letters[-1]) == unicodedata.bidirectional(after) == "AL"
        and not _NEVER_JOINED_ON.match(letters[-1])
    )


def _shapes_syllable(before: str, after: str) -> bool:
    """क्‍ष and র‍্য: beside a virama both change the form of a letter."""
    return any(sign and unicodedata.combining(sign) == _VIRAMA for sign in (before[-1:], after))


_BELONGS = {
    _ZWNJ: (_divides_arabic, _shapes_syllable),
    _ZWJ: (emoji.joins, _shapes_syllable),
    emoji.STYLE: (emoji.takes_style,),
}
"""Where the few that a script or an emoji needs may stand."""
