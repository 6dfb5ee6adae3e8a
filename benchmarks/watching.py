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
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from app.accounts import sign_ins
from app.extensions import db
from app.models import User
from app.tasks import generate_user_archive
from benchmarks.goals import ORDINARY, STATUS
from benchmarks.measured import Measurement, Record, keep, percentiles
from benchmarks.records import make_record
from benchmarks.results import write
from benchmarks.site import Site, add_people, count_ready, request_archives, run_site
from benchmarks.tables import make_times_table
from tests.brokers import HOST

SECONDS = 15 if os.environ.get("QUICK") else 90
WATCHERS = 1000
ARRIVAL = min(30, SECONDS * 2 / 3)
"""Seconds in which the watchers come, one by one."""
READERS = 10
"""Each opens an ordinary page every second."""
PAGES = ("/journal", "/archives/", "/settings")
ENTRIES = 20
"""Of each person's journal."""


@dataclass
class Seen:
    """Seconds that answers took, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: {STATUS: [], ORDINARY: []})
    faults: list[str] = field(default_factory=list)
    done: int = 0
    """Pages that have seen their archive ready."""
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    @property
    def is_over(self) -> bool:
        """Once nobody watches, ordinary pages are no longer what is to be measured."""
        return self.done == WATCHERS or self.seconds >= SECONDS


def main() -> int:
    place = tempfile.TemporaryDirectory(prefix="satchel-watching-")
    with place as folder, run_site("postgresql", Path(folder)) as site:
        record, faults = watch(site)
    print(make_times_table(record), record.note, *faults[:5], sep="\n")
    if not faults and not os.environ.get("QUICK"):
        write(keep([record]))
    return 1 if faults else 0


def watch(site: Site) -> tuple[Record, list[str]]:
    """What was measured, and what went wrong."""
    people = add_people(WATCHERS + READERS, ENTRIES)
    watched = request_archives(people[:WATCHERS])
    for person in watched:
        generate_user_archive.delay(person)
    looking = _look(site.port, _cookies(site.app, people), watched)
    with ThreadPoolExecutor(1) as apart:  # whoever calls may have a loop of events of its own
        seen = apart.submit(asyncio.run, looking).result()
    note = _describe(seen, seen.seconds, count_ready())
    measurements = [Measurement(name, seconds=percentiles(times)) for name, times in seen.times.items() if times]
    return make_record("watching", site.kind, WATCHERS, measurements, programs=site.programs, note=note), seen.faults


def _cookies(app: Flask, people: list[str]) -> dict[str, str]:
    """What their browsers hold after they have signed in."""
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    tokens = {person: sign_ins.begin(db.session.get_one(User, person), HOST, "") for person in people}
    return {person: f"session={signer.dumps({'_user_id': token})}" for person, token in tokens.items()}


async def _look(port: int, cookies: dict[str, str], watched: dict[str, str]) -> Seen:
    seen = Seen()
    readers = list(cookies)[WATCHERS:]
    await asyncio.gather(
        *(_watch(port, cookies[person], archive, seen) for person, archive in watched.items()),
        *(_read(port, cookies[person], seen) for person in readers),
    )
    return seen


async def _watch(port: int, cookie: str, archive_id: str, seen: Seen) -> None:
    """One open page."""
    await asyncio.sleep(random.uniform(0, ARRIVAL))
    while not seen.is_over:
        answer = await _get(port, f"/archives/{archive_id}/status", cookie, seen, STATUS)
        if answer is None or (found := json.loads(answer))["done"]:
            seen.done += answer is not None
            return
        await asyncio.sleep(min(found["poll_after"], max(0, SECONDS - seen.seconds)))


async def _read(port: int, cookie: str, seen: Seen) -> None:
    await asyncio.sleep(random.uniform(0, 1))
    for path in itertools.cycle(PAGES):
        await _get(port, path, cookie, seen, ORDINARY)
        if seen.is_over:
            return
        await asyncio.sleep(random.uniform(0.5, 1.5))


async def _get(port: int, path: str, cookie: str, seen: Seen, kind: str) -> bytes | None:
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
    seen.times[kind].append(time.monotonic() - before)
    if not head.startswith(b"HTTP/1.1 200"):
        seen.faults.append(f"{path}: {head[:60]!r}")
        return None
    return body


def _describe(seen: Seen, seconds: float, made: int) -> str:
    rates = ", ".join(f"{len(times) / seconds:.1f} of {name}" for name, times in seen.times.items())
    return (
        f"{WATCHERS:,} pages watched for {seconds:.0f} s, {READERS} people read meanwhile, and a worker process made "
        f"{made:,} archives ({made / seconds:.1f} a second), which {seen.done:,} pages saw ready. Requests a second: "
        f"{rates}. Faults: {len(seen.faults)}. Load of the machine at the end: {os.getloadavg()[0]:.1f}."
    )


if __name__ == "__main__":
    sys.exit(main())
