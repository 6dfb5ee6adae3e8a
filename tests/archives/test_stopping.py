"""A worker that is stopped gives its archive back, uncounted, at whatever line the signal finds it.

Celery's children raise SystemExit in their signal handler. Here the same happens between two lines of the room
`app.archives`: at every second line on SQLite, at every tenth on PostgreSQL.
"""

import inspect
import signal
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import billiard.common
import pytest
from flask import Flask
from psycopg import ProgrammingError

from app import archives
from app.archives import ledger, making, service
from app.archives.heart import Heart
from app.extensions import db
from app.models import State, User
from tests.archives.conftest import load

Line = tuple[str, int]
Trace = Callable[[FrameType, str, Any], Any]
ROOM = str(Path(inspect.getfile(archives)).parent)


@contextmanager
def each_line(deed: Callable[[Line], None]) -> Iterator[None]:
    """`deed` before each line of the room that this thread comes to."""

    def trace(frame: FrameType, event: str, _: Any) -> Trace | None:
        if not frame.f_code.co_filename.startswith(ROOM):
            return None
        if event == "line":
            deed((frame.f_code.co_filename, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def lines_of_an_attempt(user: User) -> list[Line]:
    """From the claim on, each once."""
    seen: dict[Line, None] = {}
    service.request_archive(user.id)
    with each_line(lambda line: seen.setdefault(line, None)):
        making.generate(user.id)
    return list(seen)


def stop_at(user: User, where: Line) -> str:
    """The archive that was being made when the worker was told to stop."""

    def stop(line: Line) -> None:
        if line == where:
            sys.settrace(None)
            raise SystemExit

    archive_id, _ = service.request_archive(user.id)
    with pytest.raises(SystemExit), each_line(stop):
        making.generate(user.id)
    return archive_id


def costs_attempts(user: User, step: int) -> list[Line]:
    """Lines at which a stop costs an attempt, or loses the archive. `step`: 2 tries every second."""
    lines_of_an_attempt(user)  # what is remembered from then on is not read again
    lines = lines_of_an_attempt(user)
    assert len(lines) > 100
    found = []
    for line in lines[::step]:
        archive = load(stop_at(user, line))
        if archive.state != State.READY and (archive.state, archive.attempt) != (State.QUEUED, 0):
            found.append(line)
        ledger.cancel(user.id, archive.id)
    return found


def test_a_stop_at_any_line_costs_no_attempt(ann: User) -> None:
    assert costs_attempts(ann, step=2 if db.engine.dialect.name == "sqlite" else 10) == []


def test_a_worker_that_does_not_give_back_costs_attempts(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(ledger, "give_back", lambda _fence: None)
    assert len(costs_attempts(ann, step=10)) > 5


@pytest.fixture
def stop_signal() -> Iterator[signal.Signals]:
    """Its handler is the one that Celery's children have."""
    before = signal.signal(signal.SIGUSR1, billiard.common._shutdown_cleanup)
    yield signal.SIGUSR1
    signal.signal(signal.SIGUSR1, before)
    billiard.common.clear_terminate_handler_fired()


class Target:
    """Something that weak references can point to."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("looks", [True, False], ids=["noticed", "the control"])
def test_a_stop_that_python_drops_is_noticed_soon(
    app: Flask,
    ann: User,
    waiting: str,
    stop_signal: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
    looks: bool,
) -> None:
    """The signal arrives while a weak reference is called back, from where no exception can rise."""
    tell = Heart.tell
    if not looks:
        monkeypatch.setattr("app.archives.heart.terminate_handler_fired", lambda: False)

    def drop_a_stop(heart: Heart, step: str, done: int) -> None:
        if not billiard.common.terminate_handler_fired():
            target = Target()
            callback = weakref.ref(target, lambda _: signal.raise_signal(stop_signal))
            del target
            assert callback() is None
        tell(heart, step, done)

    monkeypatch.setattr(Heart, "tell", drop_a_stop)
    if looks:
        with pytest.raises(SystemExit):
            making.generate(ann.id)
        assert (load(waiting).state, load(waiting).attempt) == (State.QUEUED, 0)
    else:
        making.generate(ann.id)
        assert load(waiting).state == State.READY


@pytest.mark.parametrize("step", ["claim", "tell"])
@pytest.mark.parametrize("looks", [True, False], ids=["noticed", "the control"])
def test_a_stop_that_a_clean_up_hides_costs_no_attempt(
    ann: User, waiting: str, stop_signal: signal.Signals, monkeypatch: pytest.MonkeyPatch, step: str, looks: bool
) -> None:
    """As when the signal finds SQLAlchemy asking whether a connection is alive: psycopg refuses what follows, and its
    error takes the place of SystemExit. Found by `make deploys`.
    """
    room, name = (ledger, "claim") if step == "claim" else (Heart, "tell")
    deed = getattr(room, name)
    if not looks:
        monkeypatch.setattr("app.archives.making.terminate_handler_fired", lambda: False)

    def stop_and_hide(*args: Any, **named: Any) -> None:
        deed(*args, **named)
        try:
            signal.raise_signal(stop_signal)
        finally:
            raise ProgrammingError("cannot change it now")

    monkeypatch.setattr(room, name, stop_and_hide)
    with suppress(ProgrammingError) if not looks else pytest.raises(SystemExit):
        making.generate(ann.id)
    is_free = (load(waiting).state, load(waiting).attempt) == (State.QUEUED, 0)
    assert is_free == looks
