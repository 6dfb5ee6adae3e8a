"""Reports each line that touches files or rows just before it runs, in whichever thread comes to it.

Threads are traced as well: the press compresses and hashes in one of its own, the heart renews the lease in another. A
signal that is sent at a line of theirs ends or stops the whole process, as kill -9 would.
"""

import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import app

ROOT = Path(app.__file__).parent
WATCHED = (
    "archives/",
    "disk.py",
    "engine/build.py",
    "engine/media.py",
    "engine/package/",
    "engine/pieces.py",
    "engine/piecework.py",
    "engine/reading.py",
    "engine/rows.py",
    "engine/snapshot.py",
    "stores/",
)
"""What touches files or rows. The rest of the engine computes: killed there, nothing more is on the disk."""
MOST_TIMES = 2
"""A line in a loop over rows or bytes is a point the first times: the others are like the second."""


class Point(NamedTuple):
    """A line that is about to run."""

    file: str
    """Below `app/`."""
    line: int
    time: int
    """The first or the second time."""


def watch_lines(reach: Callable[[Point], object]) -> None:
    """From now on, in this thread and in those that it starts."""
    times: Counter[tuple[str, int]] = Counter()

    def trace_line(frame: FrameType, event: str, _arg: Any) -> Any:
        place = (str(_shorten(frame.f_code.co_filename)), frame.f_lineno)
        if event == "line" and times[place] < MOST_TIMES:
            times[place] += 1
            reach(Point(*place, times[place]))
        return trace_line

    def trace_call(frame: FrameType, _event: str, _arg: Any) -> Any:
        return trace_line if _shorten(frame.f_code.co_filename) else None

    threading.settrace(trace_call)
    sys.settrace(trace_call)


@cache
def _shorten(file: str) -> str | None:
    """None: it is not watched."""
    path = Path(file)
    short = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
    return short if short.startswith(WATCHED) else None
