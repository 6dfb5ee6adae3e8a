"""A disk that is full in the middle: nothing is published, nothing is left, and the next attempt works.

PostgreSQL only: SQLite's own file would be held back as well.
"""

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.archives import making, service
from app.extensions import db
from app.models import Entry, State, User
from app.stores.local import LocalStore
from tests.archives.conftest import change, files_of, load
from tests.chaos.disk import make_disk

OFFSETS = 64
PAGE = 4096


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    return {**postgresql_settings, "ARCHIVE_RESERVE_BYTES": 0}


@pytest.fixture
def journal(app: Flask, ann: User) -> None:
    """So many random words that each format has pages of its own on the disk."""
    db.session.add_all(Entry(author_id=ann.id, title="Day", body=os.urandom(1500).hex()) for _ in range(64))
    db.session.commit()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may become larger: a write then ends with EFBIG."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def attempt(archive_id: str) -> State:
    change(archive_id, not_before=None)
    making.generate(load(archive_id).user_id)
    return load(archive_id).state


def check_waits_without_a_trace(app: Flask, archive_id: str) -> None:
    assert (load(archive_id).waits_for_space, load(archive_id).attempt) == (True, 0)
    assert (files_of(app), service.list_parts(archive_id)) == ([], [])


def check_ready(app: Flask, archive_id: str) -> None:
    assert attempt(archive_id) == State.READY
    (part,) = service.list_parts(archive_id)
    assert files_of(app) == [part.file_name]
    assert load(archive_id).attempt == 1
    service.open_download(part).close()


def test_files_that_may_not_grow_at_any_offset(app: Flask, ann: User, journal: None, waiting: str) -> None:
    attempt(waiting)
    size = load(waiting).size
    assert size
    service.delete(ann.id, waiting)
    again, _ = service.request_archive(ann.id)
    # The last ones are met when the file is closed.
    for limit in (*range(0, size - 1000, size // OFFSETS), size - 500, size - 200, size - 100):
        with largest_file(limit):
            assert attempt(again) == State.QUEUED, limit
        check_waits_without_a_trace(app, again)
    check_ready(app, again)


def test_without_the_end_of_its_folder_something_would_stay(
    app: Flask, ann: User, journal: None, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    with largest_file(100_000):
        assert attempt(waiting) == State.QUEUED
    assert len(files_of(app)) == 2


def test_a_file_system_that_is_full_at_any_page(app: Flask, journal: None, waiting: str, tmp_path: Path) -> None:
    with make_disk(tmp_path / "disk") as disk:
        if not os.path.ismount(disk.folder):
            pytest.skip("file systems can only be mounted by root")
        app.config["ARCHIVE_DIR"] = str(disk.folder)
        app.extensions["stores"]["archives"] = LocalStore(disk.folder / "ready")
        for pages in range(0, OFFSETS, 3):
            disk.leave(pages * PAGE)
            assert attempt(waiting) == State.QUEUED, pages
            check_waits_without_a_trace(app, waiting)
        disk.empty([])
        check_ready(app, waiting)


def fails(_: object, *__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fails_for_a_folder(descriptor: int, *_: object) -> None:
    """After the rename: the file has its name already."""
    if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112  # a Path of it would be the link
        fails(descriptor)


@pytest.mark.parametrize(
    ("call", "failing"),
    [("fsync", fails), ("fsync", fails_for_a_folder), ("rename", fails), ("mkdir", fails), ("utime", fails)],
    ids=["fsync of the file", "fsync of the folder", "rename", "mkdir", "utime"],
)
def test_what_the_system_refuses_at_the_end_leaves_nothing(
    app: Flask,
    waiting: str,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    failing: Callable[..., None],
) -> None:
    monkeypatch.setattr(os, call, failing)
    assert attempt(waiting) == State.QUEUED
    monkeypatch.undo()
    check_waits_without_a_trace(app, waiting)
    check_ready(app, waiting)


def test_a_name_that_may_not_survive_would_stay(app: Flask, waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: who leaves it to others, as the store once did."""
    monkeypatch.setattr(os, "fsync", fails_for_a_folder)
    monkeypatch.setattr(LocalStore, "delete", lambda *_: None)
    attempt(waiting)
    assert len(files_of(app)) == 1


def test_a_broken_disk_is_no_full_one(app: Flask, waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting would not help: such an attempt counts."""

    def break_down(_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", break_down)
    assert attempt(waiting) == State.QUEUED
    assert (load(waiting).error, load(waiting).attempt, files_of(app)) == ("fault", 1, [])


def test_the_public_keys_draft_does_not_stay(app: Flask, waiting: str) -> None:
    with largest_file(10):
        assert attempt(waiting) == State.QUEUED
    assert list(Path(app.config["PUBLIC_KEY_DIR"]).iterdir()) == []
    check_ready(app, waiting)
