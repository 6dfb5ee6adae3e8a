"""The list of breached passwords: each door refuses what it has, and nothing else; no start with what is no list."""

import math
import os
from collections.abc import Callable, Iterable
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.accounts import breached, people, resets
from app.config import SettingError
from app.extensions import db
from app.models import User
from tests.conftest import PASSWORD
from tests.web.conftest import SignIn, hand_over

STOLEN = "the boat of my aunt sails far"
PASSWORDS = [STOLEN, *(f"password number {number}" for number in range(999))]
SMALL = "small letters, no counts"
FORMS = {
    "as it is given out": "{}:{}\r\n",
    "other line ends": "{}:{}\n",
    SMALL: "{:.40}\n",
}


def list_hashes(passwords: Iterable[str] = PASSWORDS) -> list[str]:
    return sorted(sha1(each.encode(), usedforsecurity=False).hexdigest().upper() for each in passwords)


def write_list(path: Path, form: str = FORMS["as it is given out"], hashes: list[str] | None = None) -> str:
    hashes = list_hashes() if hashes is None else hashes
    lines = [form.format(each, 7 ** (number % 9)) for number, each in enumerate(hashes)]  # of different lengths
    text = "".join(lines)
    path.write_text(text.lower() if form == FORMS[SMALL] else text, newline="")
    return str(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pwnedpasswords.txt"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("has_last_end", [True, False], ids=["", "without the last line end"])
def test_each_line_is_found(path: Path, form: str, has_last_end: bool) -> None:
    """The first, the last, and all between."""
    write_list(path, form)
    if not has_last_end:
        path.write_bytes(path.read_bytes().rstrip())
    breached.check(str(path))
    assert all(breached.is_breached(str(path), each) for each in PASSWORDS)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_nothing_else_is_found(path: Path, form: str) -> None:
    """Before the first line, behind the last, and between any two."""
    others = [f"another number {number}" for number in range(3000)]
    first, *_, last = list_hashes(others)
    known = list_hashes()
    assert first < known[0] < known[-1] < last
    write_list(path, form)
    assert not any(breached.is_breached(str(path), each) for each in others)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_list_may_be_short(path: Path, count: int) -> None:
    write_list(path, hashes=list_hashes(PASSWORDS[:count]))
    breached.check(str(path))
    found = [breached.is_breached(str(path), each) for each in PASSWORDS[:5]]
    assert found == [number < count for number in range(5)]


def test_little_is_read_of_a_long_list(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each time that the file can be halved, of 100,000."""
    write_list(path, hashes=list_hashes(f"long {number}" for number in range(100_000)))
    read = 0
    read_line = breached._read_line

    def count(*given: Any) -> Any:
        nonlocal read
        read += 1
        return read_line(*given)

    monkeypatch.setattr(breached, "_read_line", count)
    assert breached.is_breached(str(path), "long 70001")
    assert not breached.is_breached(str(path), STOLEN)
    assert 0 < read <= 2 * math.ceil(math.log2(path.stat().st_size))


def leave_out(_path: Path) -> None:
    """There is none."""


def shuffle(path: Path) -> None:
    write_list(path, hashes=list_hashes()[::-1])


def swap_the_last(path: Path) -> None:
    *most, one, other = list_hashes()
    write_list(path, hashes=[*most, other, one])


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (leave_out, "no such file"),
    "a folder": (Path.mkdir, "no such file"),
    "a pipe": (os.mkfifo, "no such file"),
    "empty": (Path.touch, "in the order"),
    "out of order": (shuffle, "in the order"),
    "out of order at its end": (swap_the_last, "in the order"),
    "other hashes": (lambda path: write_list(path, "{:.32}:{}\r\n"), "must be like"),
    "words": (lambda path: path.write_text("password\n" * 1000), "must be like"),
    "one long line": (lambda path: path.write_bytes(bytes(10**6)), "must be like"),
    "words at its end": (lambda path: path.write_text(Path(write_list(path)).read_text() + "end"), "must be like"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_is_no_list_stops_the_start(sqlite_settings: dict[str, Any], path: Path, fault: str) -> None:
    """In words, which do not repeat the setting. The control: a list does not."""
    spoil, words = FAULTS[fault]
    spoil(path)
    with pytest.raises(SettingError, match=f"^BREACHED_PASSWORDS must name .*{words}.*production.md") as refused:
        create_app({**sqlite_settings, "BREACHED_PASSWORDS": str(path)})
    assert "pwned" not in refused.value.message
    right = write_list(path.with_name("right"))
    assert create_app({**sqlite_settings, "BREACHED_PASSWORDS": right}).config["BREACHED_PASSWORDS"] == right


SENTENCE = "in a list of stolen ones"


@pytest.fixture(params=[True, False], ids=["with the list", "control: without"])
def has_list(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], path: Path, has_list: bool) -> dict[str, Any]:
    return {**sqlite_settings, "BREACHED_PASSWORDS": write_list(path) if has_list else None}


def test_each_door_refuses_it(app: Flask, sign_in: SignIn, ann: User, has_list: bool) -> None:
    """The controls: another password is taken everywhere, and this one where there is no list."""
    change = {"current": PASSWORD, "password": STOLEN}
    chosen = {"name": "Lan", "password": STOLEN, "time_zone": "UTC"}
    with app.app_context():
        db.session.add(unproven := User(email="minh@example.org", name="minh", is_proven=False))
        db.session.commit()
        finish = resets.issue(unproven.id)
    new = app.test_client()
    hand_over(new, f"/sign-up/link#{finish}")
    doors = [
        (sign_in(ann), "/settings/password", change),
        (app.test_client(), "/sign-up", {**chosen, "email": "lan@example.org"}),
        (new, "/sign-up/finish", chosen),
    ]
    for client, path, form in doors:
        answer = client.post(path, data=form)
        assert (path, answer.status_code == 422, SENTENCE in answer.text) == (path, has_list, has_list)
        if has_list:
            assert client.post(path, data={**form, "password": f"{STOLEN} again"}).status_code in {302, 303}, path
    with app.app_context():
        reset = resets.issue(ann.id)
    forgetful = app.test_client()
    hand_over(forgetful, f"/forgotten/link#{reset}")  # the change above has ended earlier ones
    answer = forgetful.post("/forgotten/new-password", data={"password": STOLEN})
    assert (answer.status_code == 422, SENTENCE in answer.text) == (has_list, has_list)
    typed = app.test_cli_runner().invoke(args=["users", "create", "hoa@example.org", "--password-stdin"], input=STOLEN)
    assert (typed.exit_code == 1, SENTENCE in typed.output) == (has_list, has_list)


def test_without_its_file_nobody_chooses_a_password(
    app: Flask, sign_in: SignIn, ann: User, path: Path, has_list: bool
) -> None:
    """The file has gone since the start."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    path.unlink(missing_ok=True)
    answer = sign_in(ann).post("/settings/password", data={"current": PASSWORD, "password": f"{STOLEN} again"})
    assert answer.status_code == (500 if has_list else 302)
    with app.app_context():
        assert (people.check_password(ann.email or "", PASSWORD) is not None) == has_list
