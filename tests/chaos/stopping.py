"""SIGTERM and Ctrl-C end a run at once and in order: nothing of it stays, and what was seen until then is told."""

import signal
from collections.abc import Callable

from tests.chaos.aftermath import read_rows
from tests.chaos.record import Record
from tests.chaos.stack import Stack

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StoppedError(Exception):
    """Somebody has seen enough."""


def listen() -> None:
    """From here on a signal raises StoppedError, wherever the main thread is."""
    for number in _SIGNALS:
        signal.signal(number, _stop)


def until_stopped(stack: Stack, record: Record, deed: Callable[[], None]) -> Record:
    """What was seen: by the whole deed, or until it was stopped, since threads may go on noting what breaks then."""
    try:
        deed()
    except StoppedError:
        seen = record.until_now()
        seen.rows = read_rows(stack)
        return seen
    finally:
        _listen_no_more()
    return record


def _stop(*_: object) -> None:
    _listen_no_more()
    raise StoppedError


def _listen_no_more() -> None:
    """Who clears away is not disturbed. Not SIG_IGN, which programs would inherit."""
    for number in _SIGNALS:
        if signal.getsignal(number) is _stop:
            signal.signal(number, lambda *_: None)
