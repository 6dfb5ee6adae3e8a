"""Is there everything that making archives and keeping files needs? Facts for operators, who ask every few seconds.

Whatever hangs, nobody waits long: each question is asked in a thread of its own. One that gets no answer stays the
only one of its kind; whoever asks next waits for the same answer.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from flask import Flask, current_app
from sqlalchemy import select

from app.archives import ledger, storage
from app.archives.watching import anybody_works, silence
from app.extensions import db
from app.models import Pulse
from app.models.columns import database_time

if TYPE_CHECKING:
    from app.scanner import Scanner

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds. Who has not answered by then is away."""
Answer = TypeVar("Answer")


class SignsOfLife(NamedTuple):
    """What the database tells of those who work."""

    is_anybody_working: bool
    reconciled: float | None
    """Seconds ago; never is None."""


@dataclass(frozen=True)
class Readiness:
    """What answered, and what it said; None: it did not answer."""

    signs: SignsOfLife | None
    """From the database."""
    takes_messages: bool
    """The broker does."""
    free: int | None
    """Bytes on the disk of this machine where archives are made."""
    scans: bool | None
    """The virus scanner does; None: there is none, or it did not answer."""

    @property
    def is_reconciled(self) -> bool:
        """Of late. Without it, nobody takes up what a dead worker or a lost message has left."""
        return self.signs is not None and self.signs.reconciled is not None and self.signs.reconciled < silence()

    @property
    def has_space(self) -> bool:
        return self.free is not None and self.free >= current_app.config["ARCHIVE_RESERVE_BYTES"]

    @property
    def is_scanned(self) -> bool:
        """What people add. Where there is no scanner, nobody waits for it."""
        return self.scans is True or current_app.extensions["scanner"] is None

    @property
    def is_complete(self) -> bool:
        works = self.signs is not None and self.signs.is_anybody_working
        return works and self.is_reconciled and self.takes_messages and self.has_space and self.is_scanned


def find_readiness() -> Readiness:
    """After PATIENCE at most."""
    signs = _ask("database", _find_signs_of_life)
    takes_messages = _ask("broker", _try_broker)
    free = _ask("disk", storage.free_bytes)
    scans = _ask("scanner", _try_scanner)
    asked: list[Future[Any]] = [signs, takes_messages, free, scans]
    wait(asked, PATIENCE)
    return Readiness(
        _answer_of("database", signs),
        _answer_of("broker", takes_messages) is True,
        _answer_of("disk", free),
        _answer_of("scanner", scans),
    )


def _ask(name: str, question: Callable[[], Answer]) -> "Future[Answer]":
    """Ask it, unless it is being asked. `name`: who answers."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # for the thread
    asked: dict[str, Future[Any]] = app.extensions.setdefault("readiness", {})
    with _asking:
        if name not in asked or asked[name].done():
            asked[name] = Future()
            args = (app, question, asked[name])
            try:
                threading.Thread(target=_reply, args=args, name=f"readiness: {name}", daemon=True).start()
            except RuntimeError as error:  # the machine has no thread left now; whoever asks next tries again
                asked[name].set_exception(error)
        return asked[name]


_asking = threading.Lock()


def _reply(app: Flask, question: Callable[[], Answer], reply: "Future[Answer]") -> None:
    try:
        with app.app_context():
            answer = question()
    except Exception as error:  # noqa: BLE001  # whatever it is: that is the answer, and the log has it
        reply.set_exception(error)
    else:
        reply.set_result(answer)


def _answer_of(name: str, asked: "Future[Answer]") -> Answer | None:
    if not asked.done():
        log.warning("not ready: no answer of the %s within %s s", name, PATIENCE)
        return None
    if error := asked.exception():
        log.warning("not ready: the %s: %s", name, error)
        return None
    return asked.result()


def _find_signs_of_life() -> SignsOfLife:
    reconciled = select(Pulse.at).where(Pulse.name == ledger.PULSE).scalar_subquery()
    with db.engine.connect() as connection:
        works, at, now = connection.execute(select(anybody_works(), reconciled, database_time())).one()
    return SignsOfLife(bool(works), _seconds(at, now))


def _seconds(since: datetime | None, until: datetime) -> float | None:
    return None if since is None else max(0.0, (until - since).total_seconds())


def _try_scanner() -> bool | None:
    scanner: Scanner | None = current_app.extensions["scanner"]
    return scanner and scanner.answers()


def _try_broker() -> bool:
    """Whether it takes something to keep: a server that is full answers a ping, and refuses messages."""
    celery = current_app.extensions["celery"]
    with celery.connection_for_write() as connection:
        connection.ensure_connection(**celery.conf.task_publish_retry_policy)
        return bool(connection.default_channel.client.set("readiness", "", ex=1))
