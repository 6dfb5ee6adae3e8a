"""What is seen when it is over: rows, files, and what nobody has downloaded yet."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.crowd import fetch
from tests.chaos.mailed import Letter, Taken, Written
from tests.chaos.people import Person
from tests.chaos.record import Record, Row
from tests.chaos.stack import Stack

_PROMISED = (
    "SELECT file_name, part.size FROM archive_part part JOIN archive ON archive.id = archive_id WHERE state = 'ready'"
)
_ACTIVE = "SELECT (SELECT count(*) FROM archive WHERE state IN ('queued', 'running')), (SELECT max(at) FROM became)"
_WAITING = "SELECT count(*) FILTER (WHERE sent_at IS NULL AND given_up_at IS NULL), max(sent_at) FROM mail"
_TIME_PASSES = "UPDATE mail SET due_at = now(), rung_at = NULL WHERE sent_at IS NULL AND given_up_at IS NULL"
_MAILS = (
    "SELECT mail.id::text, kind, user_id::text, coalesce(archive_id, ''), email, attempt, given_up_at IS NOT NULL "
    'FROM mail JOIN "user" ON "user".id = user_id ORDER BY mail.id'
)
_DOWNLOADS = (
    "SELECT user_id::text, archive_id FROM archive_download JOIN archive ON archive.id = archive_id "
    "GROUP BY user_id, archive_id, ip_address, user_agent"
)


def wait_until_settled(stack: Stack, seconds: float) -> None:
    """Nothing is active any more, or for so long nothing has become ready."""
    _wait_while_it_moves(stack, _ACTIVE, seconds)


def _wait_while_it_moves(stack: Stack, statement: str, seconds: float) -> bool:
    """`statement`: how much is left, and when the last was done. Whether nothing is left."""
    last, since = None, time.monotonic()
    while time.monotonic() - since < seconds:
        left, changed = stack.database.ask(statement)[0]
        if not left:
            return True
        if changed != last:
            last, since = changed, time.monotonic()
        time.sleep(0.1)
    return False


def look_around(stack: Stack, people: Sequence[Person], record: Record, *, reconciles: bool = True) -> None:
    """`reconciles`: beat has mails sent, and files removed that no row vouches for."""
    record.rows = read_rows(stack)
    _fetch_the_rest(stack, people, record)
    if reconciles:
        _look_at_mails(stack, record)
    record.files = _look_at_files(stack, sweeps=reconciles)


def keep_logs(stack: Stack, logs: Path) -> None:
    logs.mkdir(parents=True, exist_ok=True)
    for path in stack.folder.glob("*.log"):
        shutil.copy(path, logs)


def _look_at_mails(stack: Stack, record: Record) -> None:
    """When for ten seconds none was sent, the rest has lost its bell, or is held for two minutes by who was killed."""
    if not _wait_while_it_moves(stack, _WAITING, 10):
        stack.database.ask(_TIME_PASSES)
        _wait_while_it_moves(stack, _WAITING, 60)
    found = stack.database.ask(_MAILS)
    record.mails = [Written(each[0], Letter(*each[1:4]), *each[4:]) for each in found]
    record.events = [Letter("signed_in", *each) for each in stack.database.ask("SELECT user_id::text FROM sign_in")]
    record.events += [Letter("downloaded", *each) for each in stack.database.ask(_DOWNLOADS)]
    taken = zip(stack.inbox.mails, stack.inbox.recipients, stack.inbox.taken_at, strict=True)
    record.taken = [Taken(mail["Message-ID"].strip("<>").partition("@")[0], to, at) for mail, to, at in taken]


def read_rows(stack: Stack) -> list[Row]:
    found = stack.database.ask(
        "SELECT id, user_id::text, state, attempt, coalesce(gap_count, 0), extract(epoch FROM created_at)::float, "
        "ARRAY(SELECT extract(epoch FROM at)::float FROM became WHERE archive_id = id AND became.state = 'ready'), "
        "extract(epoch FROM finished_at)::float, "
        "(SELECT count(*) - 1 FROM became WHERE archive_id = id AND became.state = 'queued') "
        "FROM archive ORDER BY created_at"
    )
    return [Row(*each) for each in found]


def _fetch_the_rest(stack: Stack, people: Sequence[Person], record: Record) -> None:
    fetched = {download.archive_id for download in record.downloads}
    for person in people:
        left = [row for row in record.rows if row.user_id == person.id and row.state == "ready"]
        if ids := [row.id for row in left if row.id not in fetched]:
            fetch(stack, person, ids, record)


def _look_at_files(stack: Stack, *, sweeps: bool) -> list[str]:
    """What no row vouches for is young; made old, it must go with the next reconciliations. Then: is anything left?"""
    if sweeps:
        long_ago = time.time() - 86400
        for path in (*stack.disk.folder.glob("ready/*"), *stack.disk.folder.glob("tmp/*")):
            os.utime(path, (long_ago, long_ago))
        # The pulse comes before the sweep, and two workers may reconcile at once: one more, and a sweep has ended.
        _wait_for_reconciliations(stack, 3)
    promised = dict(stack.database.ask(_PROMISED))
    found = {path.name: path.stat().st_size for path in stack.disk.folder.glob("ready/*")}
    wrong = [f"{name}: not promised" for name in found.keys() - promised.keys()]
    wrong += [f"{name}: not whole" for name in promised if found.get(name) != promised[name]]
    left = [(path.name, len(list(path.glob("*"))), path.stat().st_mtime) for path in stack.disk.folder.glob("tmp/*")]
    return wrong + [f"tmp/{name}: left behind, {files} files, of {changed:.1f}" for name, files, changed in left]


def _wait_for_reconciliations(stack: Stack, count: int) -> None:
    for _ in range(count):
        before = stack.database.ask("SELECT at FROM pulse")
        deadline = time.monotonic() + 30
        while stack.database.ask("SELECT at FROM pulse") == before and time.monotonic() < deadline:
            time.sleep(0.1)
