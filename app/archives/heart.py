"""Keeps a lease alive while an archive is made, and lets the person see how far it is.

A thread beats: copying files, hashing gigabytes and a long COUNT take longer than a lease, and report nothing
meanwhile. A worker that is killed or frozen stops beating; one that hangs is ended by Celery's time limits.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Self

from billiard.common import terminate_handler_fired
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from app.archives.ledger import LeaseLostError

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two looks for progress worth writing down."""


class Heart:
    """Use it in a `with` block around the work; `tell` and `check` say when to stop.

    `renew` is given a step and how much is done, and raises LeaseLostError; `name` is what logs call the work.
    """

    def __init__(self, name: str, renew: Callable[[str, int], None]) -> None:
        self._name = name
        self._renew = renew
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # for the thread
        self._quarter = current_app.config["ARCHIVE_LEASE_SECONDS"] / 4
        self._progress = ("reading", 0)
        self._written = self._progress
        self._last = time.monotonic()
        self._over = threading.Event()
        self._lost = False
        beat_about_it = partial(copy_context().run, self._run)  # its lines of the log name the archive and task, too
        self._thread = threading.Thread(target=beat_about_it, name=f"heart of {name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def tell(self, step: str, done: int) -> None:
        """Called by the engine, as often as it likes."""
        self._progress = (step, done)
        self.check()

    def check(self) -> None:
        """Raises LeaseLostError once the lease is known to be lost, SystemExit once the worker has to end.

        Celery's signal handler raises SystemExit by itself. Python drops it where the signal finds the interpreter in
        a destructor or a weak reference's callback; a large archive would then go on until the worker is killed.
        """
        if terminate_handler_fired():
            raise SystemExit
        if self._lost:
            raise LeaseLostError(self._name)

    def _run(self) -> None:
        while not self._over.wait(min(PAUSE, self._quarter)):
            is_due = time.monotonic() - self._last >= self._quarter
            if is_due or self._progress != self._written:
                self._beat()

    def _beat(self) -> None:
        progress = self._progress
        try:
            with self._app.app_context():
                self._renew(*progress)
        except LeaseLostError:
            self._lost = True
            self._over.set()
        except SQLAlchemyError:
            # One write that fails is no reason to give up: the lease decides, and the next beat may succeed.
            log.exception("archive %s: its lease could not be renewed", self._name)
        else:
            self._written, self._last = progress, time.monotonic()
