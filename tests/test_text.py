"""Names, titles and tags hold nothing that only changes how others look, and keep what a language needs."""

import re
import sys
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.words import emoji
from app.words.text import clean, clean_address, clean_line, clean_lines
from tests.fuzzing import examples

DISGUISES = {
    "a right-to-left override": "\u202eAnn",
    "an isolate": "\u2067Ann\u2069",
    "a right-to-left mark": "Ann\u200f",
    "a zero-width space": "A\u200bnn",
    "a word joiner": "An\u2060n",
    "a byte order mark": "\ufeffAnn",
    "a soft hyphen": "A\u00adnn",
    "a joiner between letters": "A\u200dnn",
    "a non-joiner between letters": "An\u200cn",
    "a grapheme joiner": "An\u034fn",
    "a filler of Hangul": "An\u3164n",
    "a style of emoji": "Ann\ufe0f",
    "a letter in tags": "Ann\U000e0041",
    "a mark of an annotation": "\ufff9Ann",
    "a blank of Braille": "\u2800Ann",
    "a line break": "Ann\u2028",
    "a flag's tags": "Ann\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
}


@pytest.mark.parametrize("kind", DISGUISES)
def test_nobody_looks_like_ann(kind: str) -> None:
    assert clean_line(DISGUISES[kind]) == "Ann"
    assert clean(DISGUISES[kind]) != "Ann"  # the control: taking out control characters does not do


PLAIN = "°─☰🄰𝄞¦^ª1A#*🇻"
"""Ordinary signs, many of them symbols to Unicode, and none of them an emoji."""
UNSEEN = "\u200d\u200c\ufe0f\ufe0e\U000e0067\U000e007f"
NOT_RGI = {
    "a flag that is none": "🏴\U000e0041\U000e006e\U000e006e\U000e007f",
    "a flag that does not end": "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073",
    "a region that has no flag": "🏴\U000e0075\U000e0073\U000e0063\U000e0061\U000e007f",
}


@pytest.mark.parametrize("kind", NOT_RGI)
def test_a_flag_says_nothing_in_secret(kind: str) -> None:
    assert clean_line(NOT_RGI[kind]) == "🏴"


@examples(200)
@given(st.text(st.sampled_from(PLAIN + UNSEEN), min_size=1))
def test_beside_ordinary_signs_nothing_stays_that_nobody_sees(text: str) -> None:
    assert clean_line(text) == "".join(each for each in text if each not in UNSEEN)


@pytest.mark.parametrize("text", ["°\ufe0f", "─\u200d─", "A\ufe0f\u20e3"], ids=["a style", "a joiner", "a keycap"])
def test_what_every_symbol_may_hide(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: whatever Unicode calls a symbol is taken for an emoji."""
    assert clean_line(text) != text
    monkeypatch.setattr(emoji, "_EMOJI", re.compile(r"[°─A]"))
    monkeypatch.setattr(emoji, "_STYLED", re.compile(r"[°─A]"))
    monkeypatch.setattr(emoji, "_JOINED_FROM", "")
    assert clean_line(text) == text


def test_what_kept_a_letter_from_its_mark() -> None:
    assert clean_line("Rene\u034f\u0301") == "René"


WRITING = {
    "a Persian word": "می\u200cخواهم",
    "a Persian word with a vowel": "مِی\u200cخواهم",
    "a Hindi conjunct": "क्\u200dष",
    "a Bengali ya": "র\u200d্য",
    "a Malayalam word": "ന്\u200c",
    "a Sinhala word": "ශ්\u200dරී",
    "a Kannada word": "ರ\u200d್ಕ",
    "an Urdu word": "کیا\u0020کھیل\u200cکود",
    "an astronaut": "👩\u200d🚀",
    "a family": "👨\u200d👩\u200d👧",
    "a colour of skin": "👩🏽\u200d🚀",
    "a rainbow": "🏳\ufe0f\u200d🌈",
    "a heart": "❤\ufe0f",
    "a mark of copyright": "©\ufe0f Ann",
    "a burning heart": "❤\ufe0f\u200d🔥",
    "a pirate": "🏴\u200d☠\ufe0f",
    "a couple": "👩🏽\u200d❤\ufe0f\u200d💋\u200d👨🏻",
    "an eye": "👁\ufe0f\u200d🗨\ufe0f",
    "a doctor": "🧑🏿\u200d⚕\ufe0f",
    "Vietnam's flag": "🇻🇳",
    "a key": "1\ufe0f\u20e3",
    "a nod": "🙂\u200d↕\ufe0f",
    "the flag of Wales": "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "the flag of England": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "the flag of Scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "Vietnamese": "Đêm ở Huế",
    "Hebrew and Latin": "שלום Ann",
}


@pytest.mark.parametrize("kind", WRITING)
def test_what_a_language_needs_stays(kind: str) -> None:
    assert clean_line(WRITING[kind]) == unicodedata.normalize("NFC", WRITING[kind])


def test_a_divider_that_nobody_sees() -> None:
    """After a letter that joins to none, a ZWNJ changes nothing but the name."""
    assert clean_line("دا\u200cر") == "دار"


@examples(300)
@given(
    st.text(
        st.sampled_from("aé\u0301\u202e\u200d\u200c\u200b\ufe0f❤👩🏽🚀1\u20e3میا्क\u034f 🏴\U000e0067\U000e007f")
        | st.characters()
    )
)
def test_once_is_enough(text: str) -> None:
    once = clean_line(text)
    assert clean_line(once) == once == unicodedata.normalize("NFC", once)
    assert "\u202e" not in once


def test_each_line_alone() -> None:
    assert clean_lines(" ann@example.org\u200b\r\n\r\nbob@example.org ") == "ann@example.org\n\nbob@example.org"
    assert clean_lines(None) == ""


ABOVE, BELOW = "\u0301", "\u0316"
"""Two marks that have to change places, since those below a letter come first."""


def seconds(deed: Callable[[str], object], text: str) -> float:
    began = time.perf_counter()
    deed(text)
    return time.perf_counter() - began


@pytest.mark.parametrize(
    "text",
    [
        "a" + ABOVE * 500_000 + BELOW * 500_000,
        ("a" + ABOVE * 15 + BELOW * 15) * 30_000,
        "a" + (ABOVE * 20 + "\u200c") * 25_000 + (BELOW * 20 + "\u200c") * 25_000,
        "a" + (ABOVE * 20 + "\0") * 25_000 + (BELOW * 20 + "\0") * 25_000,
        "a" + "\u0f73" * 300_000 + "\u0344" * 300_000,
        "文" * 1_000_000,
    ],
    ids=["one run", "runs at the limit", "parted by what nobody sees", "parted by controls", "twice", "starters"],
)
def test_no_text_takes_long(text: str) -> None:
    """The control: a thirtieth of the first takes Unicode's own way longer."""
    control = seconds(lambda given: unicodedata.normalize("NFC", given), "a" + ABOVE * 17_000 + BELOW * 17_000)
    assert seconds(clean, text) < control
    assert seconds(clean_line, text) < 3 * control


def test_of_many_marks_the_first_stay() -> None:
    assert clean("x" + BELOW * 30 + "y") == "x" + BELOW * 30 + "y"
    assert clean("x" + BELOW * 31 + "y") == clean_line("x" + BELOW * 99 + "y") == "x" + BELOW * 30 + "y"


def test_every_mark_is_known() -> None:
    """Of any sign that is a mark, or made of marks when it is taken apart, a row ends."""
    marks = [
        each
        for each in map(chr, range(sys.maxunicode + 1))
        if unicodedata.combining(unicodedata.normalize("NFD", each)[0])
    ]
    assert len(marks) > 800
    assert [each for each in marks if len(clean(each * 99)) > 60] == []


COMBINING = "a\u1ebf\u0301\u0316\u0344\u0f73\u09c7\u09be\uac01\U0001d160"


@examples(200)
@given(st.text(st.sampled_from(COMBINING) | st.characters(), max_size=12))
def test_what_is_no_attack_is_only_composed(text: str) -> None:
    typed = "".join(each for each in text if unicodedata.category(each) not in {"Cc", "Cs"})
    assert clean(typed) == unicodedata.normalize("NFC", typed)


@examples(200)
@given(st.lists(st.sampled_from(["a", "\u0301" * 9, "\u0344" * 9, "\u0f73" * 9, "\u0316", "\0", "\U0001d160"])))
def test_many_marks_once_is_enough(parts: list[str]) -> None:
    once = clean("".join(parts))
    assert clean(once) == once == unicodedata.normalize("NFC", once)


def test_an_address_is_short() -> None:
    assert clean_address(" Ann@example.org\u200b ") == "Ann@example.org"
    assert len(clean_address("a" * 2_000_000)) == 1000
    assert clean_address(None) == ""
