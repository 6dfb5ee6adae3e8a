"""Many archives made at once by real prefork workers; then each is read, byte for byte."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import create_app
from app.archives import service
from app.extensions import db
from app.models import Archive, State
from app.tasks import generate_user_archive
from tests.chaos.downloaded import CANARY, read_members
from tests.mixing.people import Person, make_people
from tests.programs import APP, start_worker

PROCESSES = 4
PATIENCE, IMPATIENCE = 60.0, 15.0
"""Seconds without any archive becoming ready; then those that are left are stuck. With a bug, some may well be."""
SETTINGS: dict[str, Any] = {"ARCHIVE_MAX_ATTEMPTS": 1}
"""What is stopped once stays stopped: a second attempt would hide it."""


@dataclass(frozen=True)
class Record:
    """How many archives."""

    asked: int
    stopped: int
    """Not published: the attempt failed, or never ended."""
    foreign: int
    """With a canary of somebody else's."""
    missing: int
    """Without one of their own."""
    other: int
    """Whose file is not the one that the row tells of."""
    seconds: float

    @property
    def bad(self) -> int:
        return self.foreign + self.missing + self.other


def run(settings: dict[str, Any], count: int, folder: Path, planted: str | None = None) -> Record:
    """`settings`: with an empty database and a broker. `planted`: a bug of the worker's."""
    settings = {**settings, **SETTINGS, **({"PLANTED": planted} if planted else {})}
    people = make_people(settings, count)
    app = create_app(settings)
    with app.app_context():
        asked = [service.request_archive(person.id)[0] for person in people]
        for person in people:
            generate_user_archive.delay(person.id)
        began = time.monotonic()
        _work(settings, folder)
        seconds = time.monotonic() - began
        found = [list(_judge(person, archive_id)) for person, archive_id in zip(people, asked, strict=True)]
        db.session.remove()
        db.engine.dispose()
    kinds = {kind: sum(kind in each for each in found) for kind in ("stopped", "foreign", "missing", "other")}
    return Record(count, seconds=seconds, **kinds)


def _work(settings: dict[str, Any], folder: Path) -> None:
    app = "tests.mixing.planted" if "PLANTED" in settings else APP
    worker = start_worker(folder / "worker.log", settings, concurrency=PROCESSES, app=app)
    try:
        _wait_until_over(IMPATIENCE if "PLANTED" in settings else PATIENCE)
    finally:
        worker.stop(seconds=0)


def _wait_until_over(patience: float) -> None:
    last, since = -1, time.monotonic()
    while time.monotonic() - since < patience:
        active = _count_active()
        if not active:
            return
        if active != last:
            last, since = active, time.monotonic()
        time.sleep(0.05)


def _count_active() -> int:
    active = Archive.state.in_((State.QUEUED, State.RUNNING))
    count = db.session.execute(sa.select(sa.func.count()).select_from(Archive).where(active)).scalar_one()
    db.session.commit()
    return count


def _judge(person: Person, archive_id: str) -> Iterator[str]:
    """What is wrong with it, a word each."""
    archive = db.session.get_one(Archive, archive_id, populate_existing=True)
    if archive.state != State.READY:
        yield "stopped"
        return
    parts = service.list_parts(archive_id)
    files = [Path(place).read_bytes() for place in service.places_of(archive)]
    if [hashlib.sha256(file).hexdigest() for file in files] != [part.sha256 for part in parts]:
        yield "other"
    found = _find_canaries(files)
    if found - person.expected:
        yield "foreign"
    if person.expected - found:
        yield "missing"


def _find_canaries(files: Sequence[bytes]) -> set[str]:
    """In all members, and in their names."""
    members = [(name, content) for file in files for name, content in read_members(file).items()]
    texts = (text for name, content in members for text in (name.encode(), content))
    return {match[0].decode() for text in texts for match in CANARY.finditer(text)}
