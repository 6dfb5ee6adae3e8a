"""The real stack, as docs/production.md has it but smaller: two workers, beat, web server, Valkey, PostgreSQL.

A keeper starts again what has ended, as systemd does, and clears away what it left behind.
"""

import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from app.local import valkey
from tests.chaos.database import Database, run_database
from tests.chaos.disk import Disk, make_disk
from tests.mails.server import Inbox, run_server
from tests.programs import CELERY, PYTHON, QUIET, Program, wait_until

SETTINGS: dict[str, Any] = {
    # Shorter than by default (15, 30, 15 and 10 s), so that a run of minutes holds many recoveries.
    "ARCHIVE_LEASE_SECONDS": 4,
    "ARCHIVE_RING_SECONDS": 3,
    "RECONCILE_SECONDS": 1,
    "ARCHIVE_RETRY_SECONDS": 1,
    # Five by default. With a fault a second, five may meet one archive where the machine has much else to do.
    "ARCHIVE_MAX_ATTEMPTS": 10,
    "MAIL_RETRY_SECONDS": 1,
    "ARCHIVE_PART_SIZES": [400_000],
    "ARCHIVES_PER_DAY": None,
    "TRUSTED_PROXIES": 1,  # each client comes from an address of its own, as people do
    # Five seconds by default; within them every archive of these people would be finished, and none given back.
    "CELERY": {"worker_soft_shutdown_timeout": 0.0},
}
TUTORIAL: dict[str, Any] = {
    **SETTINGS,
    # A message is all there is: acknowledged before the work, four of them fetched ahead, no lease that runs out.
    "ARCHIVE_LEASE_SECONDS": 3600,
    "ARCHIVE_RING_SECONDS": 3600,
    "CELERY": {**SETTINGS["CELERY"], "task_acks_late": False, "worker_prefetch_multiplier": 4},
}
WORKERS = ("worker 1", "worker 2")
STOP_SECONDS = 40.0
"""As TimeoutStopSec in the units of docs/systemd."""


class ClosedError(Exception):
    """It is over: whoever still strikes or keeps starts nothing any more."""


class Service:
    """A program that is started again when it has ended. In its command, `{start}` is the number of the start."""

    def __init__(self, command: Sequence[str], log: Path, settings: Mapping[str, Any], **more: Any) -> None:
        self._command, self._log, self._settings, self._more = command, log, settings, more
        self._starts = 0
        self._lock = threading.Lock()
        self._door = threading.Lock()
        self._alive: list[Program] = []
        self._is_closed = False
        self.program = self._start()

    def _start(self) -> Program:
        """Raises ClosedError."""
        with self._door:
            if self._is_closed:
                raise ClosedError
            self._starts += 1
            log = self._log.with_name(f"{self._log.name}.{self._starts}.log")
            command = [word.replace("{start}", str(self._starts)) for word in self._command]
            started = Program(command, log, settings=self._settings, **self._more)
            self._alive = [each for each in self._alive if not each.has_ended()] + [started]
            return started

    def close(self) -> None:
        """Whatever was started ends by force, also what a deploy has begun to replace."""
        with self._door:
            self._is_closed = True
        for program in {*self._alive, self.program}:
            program.stop(seconds=0)

    def revive(self) -> None:
        with self._lock, suppress(ClosedError):
            if self.program.has_ended():
                self.program.stop(seconds=0)  # what it left behind, as systemd does with KillMode=mixed
                self.program = self._start()

    def replace(self) -> None:
        """The new one is started first; once it is ready, the old one is told to end."""
        with self._lock:
            old, self.program = self.program, self._start()
        new = self.program
        try:
            wait_until(lambda: " ready." in new.log() or new.has_ended(), what=f"the new one: {new.log()}")
        finally:
            _end(old)

    def restart(self) -> None:
        """It is told to end; then the keeper starts the new one."""
        old = self.program
        _end(old)
        wait_until(lambda: self.program is not old, what="another start")


def _end(program: Program) -> None:
    """In order if it will in time, by force if not, as systemd does."""
    program.send(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        program.wait(seconds=STOP_SECONDS)
    program.stop(seconds=0)


class Stack:
    """Use `run_stack`. `address`: where the web server listens."""

    def __init__(
        self, folder: Path, database: Database, disk: Disk, inbox: Inbox, listener: socket.socket, *, control: bool
    ) -> None:
        self.folder, self.database, self.disk, self.inbox = folder, database, disk, inbox
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self.broker = folder / "valkey.sock"
        self.settings = {
            **(TUTORIAL if control else SETTINGS),
            "DATABASE_URL": database.url,
            "REDIS_URL": f"unix://{self.broker}",
            "INSTANCE_PATH": folder / "instance",
            "ARCHIVE_DIR": str(disk.folder),
            "MAIL_URL": f"smtp://127.0.0.1:{inbox.port}",
            "PUBLIC_BASE_URL": f"http://{self.address[0]}:{self.address[1]}",
        }
        self._commands = _commands(folder, self.broker, listener, control=control)
        self._listener = listener
        self.services: dict[str, Service] = {}
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper")

    def start(self) -> None:
        (self.folder / "data").mkdir()
        self._start_service("valkey")
        wait_until(lambda: valkey.ping(self.broker), what="Valkey")
        for name in self._commands.keys() - self.services.keys():
            self._start_service(name)
        for name in WORKERS:
            self.services[name].program.wait_for(" ready.")
        self._keeper.start()

    def _start_service(self, name: str) -> None:
        more = {"REMAP_SIGTERM": "SIGQUIT"} if name in WORKERS else {}
        fds = [self._listener.fileno()] if name == "web" else []
        log = self.folder / name.replace(" ", "-")
        self.services[name] = Service(self._commands[name], log, self.settings, pass_fds=fds, **more)

    def _keep(self) -> None:
        while not self._over.wait(0.2):
            for service in self.services.values():
                service.revive()

    def stop(self) -> None:
        self._over.set()
        for service in self.services.values():
            service.close()
        if self._keeper.ident:
            self._keeper.join()

    def __getitem__(self, name: str) -> Program:
        return self.services[name].program

    def count_running(self) -> int:
        """Archives that somebody is making."""
        alive = "SELECT count(*) FROM archive WHERE state = 'running' AND lease_until > now()"
        return int(self.database.ask(alive)[0][0])

    def writers(self) -> set[int]:
        return {child for name in WORKERS for child in self[name].child_pids()}


def _commands(folder: Path, broker: Path, listener: socket.socket, *, control: bool) -> dict[str, Sequence[str]]:
    app = "tests.chaos.tutorial" if control else "make_celery"
    options = ("--workers", "2", "--threads", "8", "--no-control-socket", "--bind", f"fd://{listener.fileno()}")
    worker = (*CELERY, "worker", "--loglevel", "INFO", "--concurrency", "2", *QUIET)
    commands: dict[str, Sequence[str]] = {
        "valkey": valkey.command(folder / "data", broker),
        "web": (*PYTHON, "gunicorn", f"{app}:flask_app", *options),
        **{name: (*worker, "--hostname", f"{name.replace(' ', '-')}-{{start}}@here") for name in WORKERS},
    }
    return commands if control else {**commands, "beat": (*CELERY, "beat", "--loglevel", "INFO")}


@contextmanager
def run_stack(*, control: bool = False) -> Iterator[Stack]:
    """Everything lies in a folder of its own with a short name, since a socket's path must be short."""
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        database = exits.enter_context(run_database(folder / "postgres"))
        database.prepare(folder / "instance")
        disk = exits.enter_context(make_disk(folder / "archives"))
        inbox = exits.enter_context(run_server())
        listener = exits.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        stack = Stack(folder, database, disk, inbox, listener, control=control)
        exits.callback(stack.stop)
        stack.start()
        yield stack
