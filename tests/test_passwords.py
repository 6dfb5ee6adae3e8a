"""Which passwords are refused, and that everything else may be one."""

import pytest

from app.accounts.passwords import PASSWORD_MAX, PASSWORD_MIN, find_weakness, least_length

ABOUT = ["Nguyễn Thị Lan Anh", "lananh.nguyen@example.org", "Satchel"]


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PassWord",
        "1q2w3e4r5t6y7u8i",
        "manchesterunited",
        "Manchesterunited2026!",
        "123456789012345",
        "987654321098765",
        "abcdefghijklmnopq",
        "qwertyuiopasdfgh",
        "hgfdsapoiuytrewq",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcab",
        "passwordpassword",
        "password1password1",
        "               ",
    ],
)
def test_what_everybody_takes_is_refused(password: str) -> None:
    assert "one of the first that others try" in (find_weakness(password) or "")


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("the boat of Nguyễn sails", "nguyễn"),
        ("lananh.nguyen and more", "lananh"),
        ("SATCHEL is where I write", "satchel"),
    ],
)
def test_what_others_know_is_refused(password: str, word: str) -> None:
    assert f"“{word}”" in (find_weakness(password, ABOUT) or "")
    assert find_weakness(password) is None


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "a password that is long enough",
        "cây cầu tre lắc lẻo gập ghềnh khó đi",
        "🚲🌧🪗🥜 bốn thứ tôi thích",
        "kq8!vX",
        "lan goes to sea by bus",
        "x" * 7 + "y" * 7 + "z",
        "the quick brown fox " * 3 + "jumps",
    ],
)
def test_everything_else_may_be_one(password: str) -> None:
    assert find_weakness(password, ABOUT) is None


def test_lengths() -> None:
    assert (least_length(), least_length(has_second_factor=True)) == (PASSWORD_MIN, 8)
    assert PASSWORD_MAX >= 64
