"""Real programs for tests: a broker, a worker, anything. Each has its log in a file and ends with its test."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from app.config import AS_THEY_ARE
from app.local import valkey

ROOT = Path(__file__).resolve().parents[1]
PYTHON = (sys.executable, "-m")
APP = "make_celery"
CELERY = (*PYTHON, "celery", "-A", APP)
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")
Found = TypeVar("Found")


def wait_until(look: Callable[[], Found | None], *, seconds: float = 60, what: str = "it") -> Found:
    """What `look` finds, as soon as it is true. Raises AssertionError when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)
    return found


def _spell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """A program with this environment has the settings that `create_app(settings)` has."""
    given = {name if name in AS_THEY_ARE else f"FLASK_{name}": _spell(value) for name, value in settings.items()}
    if "INSTANCE_PATH" in settings:
        given["FLASK_INSTANCE_PATH"] = str(settings["INSTANCE_PATH"])
    return {**os.environ, "PYTHONUNBUFFERED": "1", **given}


def pids_where(wanted: Callable[[Path], bool]) -> set[int]:
    """The living processes whose folder in /proc passes; a zombie is not alive."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if wanted(folder) and _state(folder)[0] != "Z":
                found.add(int(folder.name))
    return found


def _state(process: Path) -> list[str]:
    """State, parent, group, session and so on; the name before them may hold spaces and brackets."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def pids_of_session(session: int) -> set[int]:
    return pids_where(lambda process: _state(process)[3] == str(session))


def pids_of_parent(parent: int) -> set[int]:
    return pids_where(lambda process: _state(process)[1] == str(parent))


def pids_with_environment(name: str, value: object) -> set[int]:
    return pids_where(lambda process: f"{name}={value}".encode() in (process / "environ").read_bytes().split(b"\0"))


def signal_all(processes: Iterable[int], number: signal.Signals) -> None:
    """Those that are still there: one may have ended meanwhile."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


class Program:
    """A running program in a session of its own, with everything that it prints."""

    def __init__(
        self,
        command: Sequence[str],
        log_file: Path,
        *,
        settings: Mapping[str, Any] | None = None,
        folder: Path = ROOT,
        pass_fds: Sequence[int] = (),
        **more: str,
    ) -> None:
        self._log_file = log_file
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(settings or {}) | more,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def child_pids(self) -> set[int]:
        """What it forked: a worker's prefork children."""
        return pids_of_session(self.pid) - {self.pid}

    def send_children(self, number: signal.Signals) -> None:
        signal_all(self.child_pids(), number)

    def log(self) -> str:
        return self._log_file.read_text(errors="replace")

    def wait_for(self, text: str, *, seconds: float = 60) -> None:
        """Until the log holds this text."""
        wait_until(lambda: text in self.log() or self.has_ended(), seconds=seconds, what=f"{text!r} in {self.log()}")
        assert text in self.log(), f"it ended before {text!r}: {self.log()}"

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, *, seconds: float = 60) -> int:
        """Its exit code, when it has ended."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        """kill -9 of the main process, as the kernel does when memory runs out."""
        self._process.kill()
        self._process.wait()

    def stop(self, *, seconds: float = 20) -> None:
        """In order if it will, by force if not; nothing of it stays."""
        self._process.terminate()
        self._process.send_signal(signal.SIGCONT)  # a test may have left it frozen
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def run_valkey() -> Iterator[tuple[Program, str]]:
    """A server of its own and its URL. The path of a socket must be short, so it is not in pytest's folder."""
    folder = Path(tempfile.mkdtemp(prefix="valkey-"))
    server = start_valkey(folder)
    try:
        yield server, f"unix://{folder / SOCKET}"
    finally:
        server.stop()
        shutil.rmtree(folder)


SOCKET = "valkey.sock"


def start_valkey(folder: Path) -> Program:
    """A server that answers, on a socket in this folder. Another one that was here has left it its data."""
    server = Program(valkey.command(folder, folder / SOCKET), folder / "log")
    try:
        wait_until(lambda: valkey.ping(folder / SOCKET), what="Valkey")
    except AssertionError:
        server.stop(seconds=0)
        raise
    return server


def start_worker(
    log_file: Path, settings: Mapping[str, Any], *, concurrency: int = 1, queue: str | None = None, app: str = APP
) -> Program:
    """A real prefork worker that is ready for tasks; for all queues unless one is named. `app`: the module."""
    quiet = ("--quiet",) if settings.get("LOG_FORMAT") == "json" else ()  # without a banner for people
    only = ("-Q", queue, "-n", f"{queue}@%h") if queue else ()
    command = (
        *PYTHON,
        "celery",
        "-A",
        app,
        *quiet,
        "worker",
        "--loglevel",
        "INFO",
        "--concurrency",
        str(concurrency),
        *QUIET,
        *only,
    )
    worker = Program(command, log_file, settings=settings, REMAP_SIGTERM="SIGQUIT")
    try:
        worker.wait_for(" ready.")
    except AssertionError:
        worker.stop(seconds=0)
        raise
    return worker


@contextmanager
def frozen(program: Program) -> Iterator[None]:
    """It goes on afterwards, whatever the test has found."""
    program.send(signal.SIGSTOP)
    try:
        yield
    finally:
        program.send(signal.SIGCONT)
