"""Programs in one terminal: their lines, their order, their end."""

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.local.supervisor import ChildEndedError, StopAskedError, Supervisor
from tests.programs import pids_of_session, wait_until

SLEEP = ("sleep", "600")
STUBBORN = (
    sys.executable,
    "-u",
    "-c",
    "import signal, time; signal.signal(15, lambda *_: None); print('up'); time.sleep(600)",
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def programs(tmp_path: Path, stream: io.StringIO) -> Supervisor:
    return make(tmp_path, stream)


def make(folder: Path, stream: io.StringIO, **environment: str) -> Supervisor:
    return Supervisor(name="serve", folder=folder, environment={**os.environ, **environment}, stream=stream)


def printed(stream: io.StringIO, text: str) -> Callable[[], bool]:
    return lambda: text in stream.getvalue()


def test_lines_carry_their_program(programs: Supervisor, stream: io.StringIO) -> None:
    with programs:
        programs.start("worker", ["sh", "-c", "echo one; echo two >&2; printf unfinished; sleep 600"])
        programs.start("beat", ["sh", "-c", "echo three; sleep 600"])
        for line in ("worker | one\n", "worker | two\n", "  beat | three\n"):
            programs.wait_until(printed(stream, line))
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(StopAskedError):
            programs.wait()
    assert "worker | unfinished\n" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_color_for_terminals_only(tmp_path: Path, no_color: str, colored: bool) -> None:
    stream = Terminal()
    make(tmp_path, stream, NO_COLOR=no_color).say("hello")
    assert ("\x1b[" in stream.getvalue()) is colored


def test_they_stop_in_the_reverse_order(programs: Supervisor, stream: io.StringIO) -> None:
    with programs:
        for name in ("valkey", "worker", "beat", "web"):
            programs.start(name, SLEEP)
    stopped = [line.split()[2] for line in stream.getvalue().splitlines() if "stopped (by SIGTERM)" in line]
    assert stopped == ["web", "beat", "worker", "valkey"]


def test_a_program_that_ends_by_itself_stops_the_rest(programs: Supervisor, stream: io.StringIO) -> None:
    def run() -> None:
        with programs:
            programs.start("worker", SLEEP)
            programs.start("beat", ["sh", "-c", "echo last words; exit 3"])
            programs.wait()

    with pytest.raises(ChildEndedError, match=r"beat ended by itself \(exit code 3\)"):
        run()
    assert "beat ended by itself (exit code 3): stopping the rest" in stream.getvalue()
    assert "worker stopped (by SIGTERM)" in stream.getvalue()
    assert "beat | last words" in stream.getvalue()


def test_what_a_program_leaves_behind_goes_as_well(programs: Supervisor, stream: io.StringIO) -> None:
    with programs:
        programs.start("web", ["sh", "-c", "sleep 600 & echo $$; exit 1"])
        with pytest.raises(ChildEndedError):
            programs.wait()
    leader = int(stream.getvalue().split("|")[1].split()[0])
    wait_until(lambda: not pids_of_session(leader), what="the end of what was killed")


def test_a_stubborn_program_is_killed(programs: Supervisor, stream: io.StringIO) -> None:
    with programs:
        programs.start("worker", STUBBORN, stop_seconds=0.2)
        programs.wait_until(printed(stream, "up"))
    assert "killing worker" in stream.getvalue()
    assert "worker stopped (by SIGKILL)" in stream.getvalue()


def test_a_second_signal_hurries(programs: Supervisor, stream: io.StringIO) -> None:
    def press_again() -> None:
        while "stopping" not in stream.getvalue():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    impatient = threading.Thread(target=press_again)
    with programs:
        programs.start("worker", STUBBORN, stop_seconds=600)
        programs.wait_until(printed(stream, "up"))
        impatient.start()
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(StopAskedError):
            programs.wait()
    impatient.join()
    assert "killing worker" in stream.getvalue()


def test_a_terminal_that_is_gone_is_a_signal(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    with Supervisor(name="serve", folder=tmp_path, environment={}, stream=stream) as programs:
        programs.start("worker", ["/bin/sh", "-c", "echo nobody reads this; exec sleep 600"])
        with pytest.raises(StopAskedError):
            programs.wait()
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_signals_are_given_back(programs: Supervisor) -> None:
    before = signal.getsignal(signal.SIGINT)
    with programs:
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_nohup_is_respected(programs: Supervisor) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with programs:
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_error_in_the_block_stops_them(programs: Supervisor, stream: io.StringIO) -> None:
    def run() -> None:
        with programs:
            programs.start("worker", SLEEP)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert "worker stopped" in stream.getvalue()
