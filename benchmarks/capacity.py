"""What a site of ten million people needs, from stated inputs: `python -m benchmarks.capacity [NAME=VALUE …]`.

The inputs marked "measured" were measured on two cores; replace them by your own. It prints what grows, how much of it
there is, and what is full first.
"""

import sys
from dataclasses import dataclass, fields, replace

DAY = 86_400
MONTH = 30 * DAY
GIB = 2**30
KIB = 2**10


@dataclass(frozen=True)
class Inputs:
    people: float = 10_000_000
    asking: float = 0.01
    """Share of them that asks for an archive in a month."""
    peak: float = 10
    """The busiest hour against the mean: most of a day's requests come in few hours, and news brings more."""
    small_seconds: float = 0.05
    """Processor time of one small archive, with the database's. Measured: two cores make 39.9 a second of 100 rows."""
    large_share: float = 0.002
    """Of archives that are large."""
    large_seconds: float = 120
    """Of one worker process for a large one."""
    small_bytes: float = 500 * KIB
    """45 kB were measured for 22 rows; the rest is for a few pictures."""
    large_bytes: float = 2 * GIB
    keep_days: float = 7
    """ARCHIVE_KEEP_DAYS."""
    busy: float = 0.6
    """How busy worker processes may be at the peak, so that the line stays short."""
    statements: float = 21
    """SQL statements of one small archive with nine tables that have rows. Tested."""
    commits: float = 6
    """Measured."""
    watching_seconds: float = 20
    """So long a page watches one archive."""
    poll_seconds: float = 2
    poll_statements: float = 2
    connections_a_process: float = 2
    """Of a worker process: the snapshot's and the heart's. Tested."""
    web_processes: float = 8
    pool: float = 15
    """Connections of a web process: DATABASE_POOL_SIZE and DATABASE_POOL_OVERFLOW, fewer than its 24 threads."""
    message_bytes: float = 1121
    """One message in Redis. Measured."""
    rings_an_hour: float = 120
    """A bell that nobody hears is rung again every ARCHIVE_RING_SECONDS."""
    head_of_line: float = 500
    """But only for so many: those that wait longest."""
    database_a_second: float = 5_000
    """Small statements a second that one PostgreSQL serves without effort."""
    commits_a_second: float = 1_000
    """With one fsync each, on a disk of its own."""
    disk_mib_a_second: float = 200
    """That the archives' folder takes, written and synced."""
    connections: float = 400
    """That one PostgreSQL holds well without a pooler."""


def main(arguments: list[str]) -> int:
    given = dict(each.split("=", 1) for each in arguments)
    inputs = replace(Inputs(), **{name: float(value) for name, value in given.items()})
    print("Inputs")
    for each in fields(inputs):
        print(f"  {each.name:24}{getattr(inputs, each.name):>16,.10g}")
    for line in calculate(inputs):
        print(line)
    return 0


def calculate(given: Inputs) -> list[str]:
    month = given.people * given.asking
    mean = month / MONTH
    peak = mean * given.peak
    small = peak * (1 - given.large_share) * given.small_seconds / given.busy
    large = peak * given.large_share * given.large_seconds / given.busy
    processes = _up(small) + _up(large)
    each = (1 - given.large_share) * given.small_bytes + given.large_share * given.large_bytes
    polls = peak * given.watching_seconds / given.poll_seconds
    statements = peak * given.statements + polls * given.poll_statements
    connections = processes * given.connections_a_process + given.web_processes * given.pool
    waiting = peak * 3600
    messages = waiting + min(waiting, given.head_of_line) * given.rings_an_hour
    loads = {
        "disk, written": peak * each / KIB**2 / given.disk_mib_a_second,
        "worker processes for small archives": small / _up(small) * given.busy,
        "PostgreSQL's statements": statements / given.database_a_second,
        "PostgreSQL's commits": peak * given.commits / given.commits_a_second,
        "PostgreSQL's connections": connections / given.connections,
    }
    first = max(loads, key=lambda name: loads[name])
    return [
        "Per second",
        _line("archives, mean", mean),
        _line("archives, at the peak", peak),
        _line("polls of the status, at the peak", polls),
        _line("SQL statements, at the peak", statements),
        _line("commits, at the peak", peak * given.commits),
        "Processes and connections",
        _line("worker processes, small", _up(small)),
        _line("worker processes, large", _up(large)),
        _line("PostgreSQL connections", connections),
        "Space",
        _line("archives kept, GiB", mean * DAY * given.keep_days * each / GIB),
        _line("written a second at the peak, MiB", peak * each / KIB**2),
        _line("Redis, an hour of the peak waiting, MiB", messages * given.message_bytes / KIB**2),
        _line("rows of archives a year, million", month * 12 / 1e6),
        "How much of each is used at the peak",
        *(_line(name, load) for name, load in sorted(loads.items(), key=lambda pair: -pair[1])),
        f"First to break when the rest grows: {first}",
    ]


def _up(number: float) -> int:
    return max(1, -int(-number // 1))


def _line(name: str, value: float) -> str:
    return f"  {name:40}{value:>14,.2f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
