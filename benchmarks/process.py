"""Runs one way as a whole process, from its start to its end, and watches the memory of all processes it starts.

Memory is the sum of VmRSS over the tree, read from /proc every 20 ms, and at least the kernel's own high-water mark
of its largest process, so a short peak of a single process is not missed, unless it ends before the next look. Pages
that processes share count in each of them: ways of several processes, ours among them, look larger than they are,
never smaller. PSS would say it exactly, but reading it walks all pages of a process and would slow those that hold
gigabytes; a cgroup would count the page cache of the files that are written. The database server is not counted: it
is the same for all.
"""

import os
import re
import resource
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

EVERY = 20
"""Milliseconds between two looks."""
MEMORY = re.compile(r"^Vm(HWM|RSS):\s+(\d+) kB", re.MULTILINE)


class FailedError(Exception):
    """The process ended with an error; the message has the end of what it printed."""


@dataclass(frozen=True)
class Run:
    seconds: float
    cpu: float
    """Seconds of all its processes together: what it costs where cores are shared."""
    peak: int
    """Bytes of memory."""


def run(command: Sequence[str], log: Path, *, folder: Path) -> Run:
    """Raises FailedError. `log` takes what it prints, `folder` is where it runs."""
    with log.open("wb") as output:
        used, started = _cpu(), time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder
        )
        try:
            peak = _watch(process.pid)
        finally:
            process.kill()  # does nothing to one that has ended
            code = process.wait()
        seconds = time.perf_counter() - started
    if code:
        raise FailedError(f"{' '.join(command)[:300]} ended with {code}:\n{log.read_text(errors='replace')[-2000:]}")
    return Run(seconds, _cpu() - used, peak)


def _cpu() -> float:
    """Of all processes that were started here and have ended, and of those that they waited for."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _watch(pid: int) -> int:
    """The peak, once the process has ended; it is left to be waited for."""
    ended = os.pidfd_open(pid)
    try:
        poll, peak = select.poll(), 0
        poll.register(ended, select.POLLIN)
        while True:
            peak = max(peak, _memory(pid))
            if poll.poll(EVERY):
                return peak
    finally:
        os.close(ended)


def _memory(pid: int) -> int:
    found = [_of_one(each) for each in _tree(pid)]
    return max(sum(now for now, _ in found), max((high for _, high in found), default=0))


def _of_one(pid: int) -> tuple[int, int]:
    """What it holds now, and what it held at most."""
    with suppress(OSError):
        found = {name: int(size) * 1024 for name, size in MEMORY.findall(Path(f"/proc/{pid}/status").read_text())}
        return found.get("RSS", 0), found.get("HWM", 0)
    return 0, 0


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def name_processes(number: int, kind: str) -> str:
    """As tables call so many at a time."""
    return f"{number} {kind} {'process' if number == 1 else 'processes'}"
