"""The site's keys: made where nobody could have given them, given in production, and none that others can guess."""

import os
import secrets
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.config import KEYS, SettingError
from app.key_files import HEX_DIGITS, KeyRefusedError, find_key

PRODUCTION = {"SESSION_COOKIE_SECURE": True, "TRUSTED_HOSTS": ["localhost"]}


def test_they_are_made_on_first_start_and_only_we_can_read_them(tmp_path: Path) -> None:
    first, second = (create_app({"INSTANCE_PATH": tmp_path}).config for _ in range(2))
    for name in KEYS:
        assert (tmp_path / name.lower()).stat().st_mode & 0o777 == 0o600
        assert len(first[name]) == 64
        assert first[name] == second[name]
    assert len({first[name] for name in KEYS}) == len(KEYS)


def test_one_that_was_made_survives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are signed with it at once, and lie on the disk."""
    path, done = tmp_path / "key", []
    sync, link = os.fsync, os.link

    def note_sync(descriptor: int) -> None:
        synced = Path(f"/proc/self/fd/{descriptor}").readlink()
        assert synced.is_dir() or synced.stat().st_size == HEX_DIGITS
        done.append(str(synced))
        sync(descriptor)

    def note_link(source: Path, target: Path) -> None:
        done.append(str(target))
        link(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "link", note_link)
    find_key("THE_KEY", None, path, make=True)
    draft, *others = done
    assert draft.startswith(f"{path}.")
    assert others == [str(path), str(tmp_path)]


def test_in_production_none_is_made(tmp_path: Path) -> None:
    """Each is asked for in turn; a file will do, and so will a setting."""
    given: dict[str, Any] = {"INSTANCE_PATH": tmp_path, **PRODUCTION}
    for name in KEYS:
        with pytest.raises(SettingError, match=rf"{name} is not set.*token_hex.*{name.lower()}"):
            create_app(given)
        given[name] = secrets.token_hex(32)
    assert list(tmp_path.iterdir()) == []
    assert create_app(given).config["AUDIT_KEY"] == given["AUDIT_KEY"]
    create_app({"INSTANCE_PATH": tmp_path})  # somebody has made them here
    assert create_app({"INSTANCE_PATH": tmp_path, **PRODUCTION}).config["SECRET_KEY"] != given["SECRET_KEY"]


WEAK = {
    "empty": "",
    "the manual's": "dev",
    "short": secrets.token_hex(15),
    "one sign": "a" * 64,
    "few signs": "01234567" * 8,
    "the keyboard's": "0123456789abcdef" * 4,
    "flask's": "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "to be replaced": "please-CHANGE-this-before-you-go-on",
    "a number": 5,
}


@pytest.mark.parametrize("weak", WEAK)
def test_a_key_that_others_can_guess_is_refused_and_not_shown(tmp_path: Path, weak: str) -> None:
    with pytest.raises(KeyRefusedError, match=r"THE_KEY is.*token_hex") as caught:
        find_key("THE_KEY", WEAK[weak], tmp_path / "key", make=True)
    assert not WEAK[weak] or f"{WEAK[weak]}" not in str(caught.value)


@pytest.mark.parametrize("make", [secrets.token_hex, secrets.token_urlsafe], ids=["hex", "urlsafe"])
def test_a_random_key_is_taken(tmp_path: Path, make: Any) -> None:
    """The control: not every key is refused."""
    for key in (make(32) for _ in range(1000)):
        assert find_key("THE_KEY", key, tmp_path / "key", make=False) == key


def test_a_weak_one_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="SECRET_KEY is too short"):
        create_app({"INSTANCE_PATH": tmp_path, "SECRET_KEY": "dev"})


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    find_key("THE_KEY", None, path, make=True)
    path.chmod(0o640)
    with pytest.raises(KeyRefusedError, match="can be read by others"):
        find_key("THE_KEY", None, path, make=True)


def test_a_file_with_a_weak_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    with pytest.raises(KeyRefusedError, match=f"The key in {path} is too short"):
        find_key("THE_KEY", None, path, make=True)


@pytest.mark.parametrize("name", ["SIGNING_KEY", "AUDIT_KEY"])
def test_keys_of_32_bytes_are_written_in_hexadecimal(tmp_path: Path, name: str) -> None:
    key = secrets.token_hex(31) + "xy"
    with pytest.raises(SettingError, match=f"{name} must be 64 hexadecimal digits") as caught:
        create_app({"INSTANCE_PATH": tmp_path, name: key})
    assert key not in str(caught.value)


def test_no_key_serves_twice(tmp_path: Path) -> None:
    same = secrets.token_hex(32)
    with pytest.raises(SettingError, match="must be different keys"):
        create_app({"INSTANCE_PATH": tmp_path, "SECRET_KEY": same, "AUDIT_KEY": same})
