"""A program whose clock is wrong: `python -m tests.wrong_clock SECONDS MODULE ARGUMENT…`.

What Python says of the time, in everything that is imported from here on and in every process that it forks. Files and
the database keep the right time.
"""

import datetime as dt
import runpy
import sys
import time
from typing import Any

_now, _time = dt.datetime.now, time.time


class _Kind(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _Right)


_Right = dt.datetime


def put_clock(seconds: float) -> None:
    """Forward, or back."""
    off = dt.timedelta(seconds=seconds)

    class Wrong(_Right, metaclass=_Kind):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return _now(tz) + off

        @classmethod
        def utcnow(cls) -> Any:
            return _now(dt.UTC).replace(tzinfo=None) + off

    dt.datetime = Wrong  # type: ignore[misc]
    time.time = lambda: _time() + seconds


if __name__ == "__main__":
    put_clock(float(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
