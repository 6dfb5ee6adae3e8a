"""Runs several programs in one terminal: one stream of log lines, one orderly end.

`flask serve` is its only user. It knows nothing about Flask, Celery or Valkey. The programs start in the order given
and stop in the reverse order, so the broker, started first, stays until the worker has given its task back.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from app.local.death import die_with_parent

_COLORS = {"valkey": 31, "worker": 32, "large": 32, "beat": 33, "web": 36}
_OWN_COLOR = 35
_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_TICK = 0.1


class ChildEndedError(Exception):
    """A program ended although nobody asked it to; the message says which."""


class StopAskedError(Exception):
    """Ctrl-C, or a signal that means the same."""


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    stop_seconds: float
    """After so long it is killed."""
    unfinished_line: bytes = b""


class Supervisor:
    """Use it in a `with` block: whatever ends the block, no program outlives it."""

    def __init__(
        self,
        *,
        name: str,
        folder: Path,
        environment: Mapping[str, str],
        stream: IO[str],
        enclose: Callable[[str, str], str] | None = None,
    ) -> None:
        """`enclose` makes a program's name and what it said the line that is shown; None: a line for people."""
        self._name = name
        self._folder = folder
        self._environment = dict(environment)
        self._stream = stream
        self._enclose = enclose or self._say_whose
        self._colored = stream.isatty() and not environment.get("NO_COLOR")
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._signals = 0
        self._unheard = False

    def __enter__(self) -> Self:
        ignored = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else set()  # nohup means it
        self._old_handlers = {each: signal.signal(each, self._count_signal) for each in _SIGNALS - ignored}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._signals = 0  # from here on, a signal means: hurry
        self.say(f"{error}: stopping the rest" if isinstance(error, ChildEndedError) else "stopping")
        for child in reversed(self._children):
            self._stop(child)
        self._selector.close()
        for each, handler in self._old_handlers.items():
            signal.signal(each, handler)

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        stop_seconds: float = 10,
        death_signal: signal.Signals = signal.SIGKILL,
        pass_fds: Sequence[int] = (),
        **environment: str,
    ) -> None:
        """Start a program; `death_signal` is what it gets when the supervisor itself is killed."""
        process = subprocess.Popen(
            command,
            cwd=self._folder,
            env={**self._environment, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
            start_new_session=True,  # the terminal's Ctrl-C reaches the supervisor only, which knows the order
            preexec_fn=die_with_parent(death_signal),  # noqa: PLW1509  # this process has one thread
        )
        assert process.stdout is not None  # noqa: S101  # because of PIPE
        os.set_blocking(process.stdout.fileno(), False)
        child = Child(name, process, stop_seconds)
        self._children.append(child)
        self._selector.register(process.stdout, selectors.EVENT_READ, child)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Show log lines until this is true. Raises ChildEndedError, StopAskedError."""
        while not ready():
            self._show_output(_TICK)
            if self._signals or self._unheard:
                raise StopAskedError
            for child in self._children:
                if child.process.poll() is not None:
                    raise ChildEndedError(f"{child.name} ended by itself ({_describe(child.process.returncode)})")

    def wait(self) -> None:
        """Show log lines for ever; ends as `wait_until` does."""
        self.wait_until(lambda: False)

    def say(self, text: str) -> None:
        self._write(self._name, text)

    def _count_signal(self, _number: int, _frame: object) -> None:
        self._signals += 1

    def _show_output(self, seconds: float) -> bool:
        """Wait for output at most so long and show it; False when there was none."""
        ready = self._selector.select(seconds)
        for key, _ in ready:
            child: Child = key.data
            read = os.read(key.fd, 65536)
            if not read:
                self._selector.unregister(key.fileobj)
            *lines, child.unfinished_line = (child.unfinished_line + read).split(b"\n")
            for line in filter(bytes.strip, lines):
                self._write_line(child, line)
        return bool(ready)

    def _write_line(self, child: Child, line: bytes) -> None:
        self._write(child.name, line.decode(errors="replace"))

    def _say_whose(self, name: str, text: str) -> str:
        prefix = f"{name:>6} |"
        if self._colored:
            prefix = f"\x1b[{_COLORS.get(name, _OWN_COLOR)}m{prefix}\x1b[0m"
        return f"{prefix} {text}"

    def _write(self, name: str, text: str) -> None:
        try:
            print(self._enclose(name, text.rstrip()), file=self._stream, flush=True)
        except OSError:  # the terminal is gone, and nobody could ever stop us by hand
            self._unheard = True

    def _stop(self, child: Child) -> None:
        if child.process.poll() is None:
            child.process.terminate()
            if not self._ends_in_time(child):
                self.say(f"killing {child.name}")
        # Also what it left behind: a server that is killed leaves the processes it forked.
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: no permission to signal the dead
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        while self._show_output(0):
            pass
        if child.unfinished_line:
            self._write_line(child, child.unfinished_line)
        if child.process.stdout:
            child.process.stdout.close()
        self.say(f"{child.name} stopped ({_describe(child.process.returncode)})")

    def _ends_in_time(self, child: Child) -> bool:
        deadline = time.monotonic() + child.stop_seconds
        while child.process.poll() is None:
            if self._signals or time.monotonic() > deadline:
                return False
            self._show_output(_TICK)
        return True


def _describe(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
