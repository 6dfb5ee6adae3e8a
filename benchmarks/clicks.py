"""From the click to the archive: how long one person waits at an idle site, and how many archives a second it makes.

The site is whole and real. A person signs in by the form, asks by the form, and then asks for the status every
20 ms: far more often than the page does, so that what is measured is the site and not the pause between two questions.
"""

import json
import os
import time
from pathlib import Path

from app.tasks import generate_user_archive
from benchmarks.measured import Measurement
from benchmarks.process import name_processes
from benchmarks.site import (
    PASSWORD,
    Site,
    add_people,
    count_ready,
    email_of,
    load_archive,
    request_archives,
    run_site,
)
from tests.brokers import HOST
from tests.chaos.browser import Browser
from tests.programs import wait_until

ROWS = 100
ENTRIES = ROWS - 7
"""With the person, the sign-in, the archive, two mails and two lines of the audit they come to ROWS."""
EVERY = 0.02
"""Seconds between two questions."""
WARM = 5
"""People who click before those that count: each process has loaded what it needs."""
TOLD, WRITTEN, TAKEN, MADE, SEEN = (
    "from the click until a question is answered with ready",
    "1. the form is sent → the request is a row",
    "2. → a worker process has claimed it",
    "3. → read, packed, verified, synced, published, ready",
    "4. → a question is answered with ready",
)
ANSWERED = "beside it: the form is sent → its answer is there, the bell rung"
STEPS = (TOLD, WRITTEN, TAKEN, MADE, SEEN, ANSWERED)


def measure_clicks(kind: str, folder: Path, clicks: int) -> list[Measurement]:
    with run_site(kind, folder) as site:
        return take_turns(site, clicks)


def take_turns(site: Site, clicks: int) -> list[Measurement]:
    """A measurement for each of STEPS, with the seconds of each click in their order."""
    people = add_people(WARM + clicks, ENTRIES)
    taken = [_click(site, number, person) for number, person in enumerate(people)][WARM:]
    return [Measurement(step, [round(times[step], 5) for times in taken]) for step in STEPS]


def _click(site: Site, number: int, person: str) -> dict[str, float]:
    browser = Browser((HOST, site.port), number, [])
    browser.get("/sign-in")
    browser.post("/sign-in", email=email_of(person), password=PASSWORD)
    browser.get("/archives/")
    began = time.time()
    page = browser.post("/archives/", part_size="").headers["Location"]
    answered = time.time()
    while not json.loads(browser.get(f"{page}/status").body)["done"]:
        time.sleep(EVERY)
    seen = time.time()
    archive = load_archive(page.rpartition("/")[2])
    if archive.row_count != ROWS:
        raise ValueError(f"the archive of {archive.row_count} rows should have {ROWS}")
    moments = (archive.created_at, archive.started_at, archive.finished_at)
    # The database runs on this machine, so its clock is ours.
    written, started, finished = (moment.timestamp() for moment in moments if moment)
    return {
        TOLD: seen - began,
        WRITTEN: written - began,
        TAKEN: started - written,
        MADE: finished - started,
        SEEN: seen - finished,
        ANSWERED: answered - began,
    }


def measure_crowd(kind: str, folder: Path, people: int, *, runs: int) -> list[Measurement]:
    """Seconds of one archive, while a worker with a process for each core makes those of many people."""
    processes = os.cpu_count() or 1
    found = Measurement(name_processes(processes, "worker"))
    with run_site(kind, folder, processes=processes):
        crowd = add_people(people, ENTRIES + 1)  # nobody signs in
        make_archives(crowd[: WARM * processes])
        for _ in range(runs):
            found.seconds.append(round(make_archives(crowd) / people, 5))
    return [found]


def make_archives(people: list[str]) -> float:
    """Seconds from the first bell until all of them are ready."""
    wanted = count_ready() + len(people)
    request_archives(people)
    began = time.perf_counter()
    for person in people:
        generate_user_archive.delay(person)
    wait_until(lambda: count_ready() >= wanted, seconds=600, what="the archives of all")
    return time.perf_counter() - began
