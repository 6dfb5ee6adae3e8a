"""One database with one person in it, the files beside it, and processes that are ended there.

The parent is loaded and warm, and holds no connection: each deed is done by a child that it forks. What the database
and the disk hold is looked at over a connection of the parent's own.
"""

import hashlib
import json
import os
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from app import create_app
from app.archives import keys, making, reconciling, service
from app.archives.choices import Choices
from app.extensions import db
from app.local.death import die_with_parent
from app.models import Archive, ArchivePart, ArchivePiece, State
from app.models.columns import now
from tests.crash.person import PART_SIZE, make_person
from tests.crash.trace import Point, watch_lines

SETTINGS: dict[str, Any] = {"ARCHIVE_PART_SIZES": [PART_SIZE], "ARCHIVE_LEASE_SECONDS": 600, "ARCHIVES_PER_DAY": None}
"""The lease is over when a run says so, never because the machine is slow."""
LONG_AGO = 86400

Deed = Callable[[str], object]
"""Done in a child, with the id of the person."""
Change = Callable[[], object]
Reach = Callable[[Point], object]
DONE, FAILED = 0, 1


def unchanged() -> None:
    """The product as it is."""


class Ended(NamedTuple):
    """How a child came to its end."""

    pid: int
    status: int

    @property
    def is_killed(self) -> bool:
        return os.WIFSIGNALED(self.status)

    @property
    def is_stopped(self) -> bool:
        return os.WIFSTOPPED(self.status)

    @property
    def has_failed(self) -> bool:
        return os.WIFEXITED(self.status) and os.WEXITSTATUS(self.status) != DONE


class Scene:
    def __init__(self, settings: dict[str, Any]) -> None:
        self._app = create_app({**SETTINGS, **settings})
        self.folder = Path(self._app.config["ARCHIVE_DIR"])
        self._points = Path(self._app.instance_path) / "points.json"
        with self._app.app_context():
            self.person_id = make_person(Path(self._app.config["UPLOAD_DIR"]))
            self.public_key = keys.public_key()
            self._warm_up()
            url = db.engine.url
            db.session.remove()
            db.engine.dispose()
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)

    def _warm_up(self) -> None:
        """SQLAlchemy remembers the statements it has put together; the children inherit that."""
        service.request_archive(self.person_id, Choices(part_size=PART_SIZE))
        making.generate(self.person_id)
        reconciling.reconcile()

    def fork(
        self,
        deed: Deed,
        *,
        at: Point | None = None,
        send: signal.Signals = signal.SIGKILL,
        change: Change = unchanged,
    ) -> Ended:
        """Let a child do this and send it that signal at a point; how it ended, or was stopped."""
        return self.wait(self._fork(deed, partial(_send_at, at, send) if at else None, change))

    def wait(self, pid: int) -> Ended:
        return Ended(*os.waitpid(pid, os.WUNTRACED))

    def resume(self, pid: int) -> Ended:
        """It was stopped, and goes on to its end; two threads may have come to the point at once."""
        while True:
            os.kill(pid, signal.SIGCONT)
            if not (ended := self.wait(pid)).is_stopped:
                return ended

    def list_points(self, deed: Deed) -> list[Point]:
        """Every point that it passes, in order, as long as nobody ends it."""
        found: list[Point] = []
        pid = self._fork(lambda person: (deed(person), self._points.write_text(json.dumps(found))), found.append)
        if self.wait(pid).has_failed:
            raise RuntimeError("the deed fails by itself")
        return [Point(*each) for each in json.loads(self._points.read_text())]

    def _fork(self, deed: Deed, reach: Reach | None, change: Change = unchanged) -> int:
        tie = die_with_parent(signal.SIGKILL)
        if pid := os.fork():
            return pid
        if tie is not None:
            tie()  # one that is frozen would outlive us
        os._exit(self._live(deed, reach, change))

    def _live(self, deed: Deed, reach: Reach | None, change: Change) -> int:
        """A child's whole life; its exit code. `change`: what is done to the product before."""
        try:
            with self._app.app_context():
                change()
                if reach:
                    watch_lines(reach)
                deed(self.person_id)
        except BaseException:  # noqa: BLE001  # it must not return into the parent's code
            traceback.print_exc()
            sys.stderr.flush()
            return FAILED
        return DONE

    def clear(self) -> None:
        with self._engine.begin() as connection:
            for model in (ArchivePiece, ArchivePart, Archive):
                connection.execute(sa.delete(model))
        for path in self._files():
            _remove(path)

    def insert(self, **values: Any) -> str:
        """A row of the person's, as some process has left it; its id."""
        archive_id = secrets.token_hex(32)
        with self._engine.begin() as connection:
            row = {"id": archive_id, "user_id": self.person_id, "part_size": PART_SIZE, **values}
            connection.execute(sa.insert(Archive).values(row))
        return archive_id

    def insert_part(self, archive_id: str, number: int, content: bytes) -> None:
        name = f"{archive_id}.{secrets.token_hex(16)}.{number}.zip"
        (self.folder / "ready" / name).write_bytes(content)
        facts = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "file_name": name}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(ArchivePart).values(archive_id=archive_id, number=number, **facts))

    def rows(self) -> Sequence[sa.Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(sa.select(Archive.__table__)).all()

    def parts(self) -> Sequence[sa.Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(sa.select(ArchivePart.__table__).order_by(ArchivePart.number)).all()

    def pieces(self) -> Sequence[sa.Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(sa.select(ArchivePiece.__table__)).all()

    def published(self) -> list[Path]:
        return sorted((self.folder / "ready").iterdir())

    def workspaces(self) -> list[Path]:
        return sorted((self.folder / "tmp").iterdir())

    def _files(self) -> list[Path]:
        return [*self.published(), *self.workspaces()]

    def pass_time(self) -> None:
        """An hour and more: leases are over, nobody has heard the bell, what was left lying is old."""
        past = now().replace(year=2020)
        active = Archive.state.in_((State.QUEUED, State.RUNNING))
        with self._engine.begin() as connection:
            rung = sa.case((Archive.dispatched_at.is_not(None), past))
            leased = sa.case((Archive.lease_until.is_not(None), past))
            aged = {"lease_until": leased, "dispatched_at": rung, "created_at": past}
            connection.execute(sa.update(Archive).where(active).values(aged))
            helping = sa.update(ArchivePiece).where(ArchivePiece.lease_until.is_not(None))
            connection.execute(helping.values(lease_until=past))
        long_ago = time.time() - LONG_AGO
        for path in self._files():
            os.utime(path, (long_ago, long_ago))


def _send_at(at: Point, send: signal.Signals, point: Point) -> None:
    if point == at:
        os.kill(os.getpid(), send)


def _remove(path: Path) -> None:
    for inner in path.iterdir() if path.is_dir() else ():
        inner.unlink()
    path.rmdir() if path.is_dir() else path.unlink()
