"""The lock on an instance folder."""

import os
from pathlib import Path

import pytest

from app.local.lock import LockError, hold_lock


def test_the_second_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    with hold_lock(tmp_path / "lock"), pytest.raises(LockError, match=f"Process {os.getpid()} "):  # noqa: SIM117
        with hold_lock(tmp_path / "lock"):
            pass


def test_it_is_free_again(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_lock(tmp_path / "lock"):
            assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="cannot be written"), hold_lock(tmp_path / "missing" / "lock"):
        pass
