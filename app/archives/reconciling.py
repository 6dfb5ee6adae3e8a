"""Rows, leases and files are brought into agreement, again and again, whatever broke in between."""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from app import audit
from app.archives import ledger, pieces, storage
from app.archives.reminding import remind
from app.disk import sweep_drafts
from app.extensions import db
from app.log_format import about
from app.models import State

log = logging.getLogger(__name__)

BEAT = "beat"
REMIND = "remind"
REMIND_SECONDS = 600
"""Reminders go a day before an archive expires, give or take ten minutes."""
SWEEP = "sweep"
SWEEP_SECONDS = 3600
"""How often a bucket is listed: that costs money and, with a million archives, a thousand requests."""


def reconcile_in_turn(most: int = ledger.HEAD_OF_LINE) -> list[str]:
    """As beat asks for it: of messages that have piled up while no worker was there, one is enough."""
    is_ours = ledger.take_turn(BEAT, current_app.config["RECONCILE_SECONDS"] / 2)
    return reconcile(most) if is_ours else []


def reconcile(most: int = ledger.HEAD_OF_LINE) -> list[str]:
    """Bring rows, leases and files into agreement. Returns the ids of the people to ring for, at most so many of each
    line. A step that fails keeps nobody waiting: the others are done, and it is tried again at the next turn.
    """
    for step in (
        _recover_silent,
        pieces.forget_void,
        ledger.expire,
        _remind,
        ledger.beat_pulse,
        audit.anchor,
        _sweep_drafts,
        _sweep,
    ):
        _try(step)
    return ledger.take_unheard(None, most)  # the last: who is marked as rung must be rung for


def _try(step: Callable[[], object]) -> None:
    try:
        step()
    except (OSError, SQLAlchemyError):
        db.session.rollback()
        log.exception("a part of looking after archives has failed: %s", step.__name__.strip("_"))


def reconcile_person(user_id: str) -> list[str]:
    """The same for one person who is watching; cheap, and without files."""
    _recover_silent(user_id)
    return ledger.take_unheard(user_id)


def _remind() -> None:
    if ledger.take_turn(REMIND, REMIND_SECONDS):
        remind()


def _sweep() -> None:
    """Files only."""
    fences = ledger.fences_at_work()
    storage.sweep_workspaces(fences)
    if not (storage.lists_cheaply() or ledger.take_turn(SWEEP, SWEEP_SECONDS)):
        return
    # After the fences: an archive that is finished in between is then found here.
    storage.sweep_published(ledger.files_vouched_for(), fences)


def _sweep_drafts() -> None:
    for folder in map(Path, (current_app.instance_path, current_app.config["PUBLIC_KEY_DIR"])):
        with suppress(FileNotFoundError):  # no key was needed yet, or its owner was faster
            sweep_drafts(folder, storage.SWEEP_AGE)


def _recover_silent(user_id: str | None = None) -> None:
    """A worker that was killed has left no line; this one is the operator's trace of it."""
    for archive in ledger.recover_silent(user_id):
        with about(archive_id=archive.id, reference=archive.reference):
            if archive.state == State.FAILED:
                log.error("archive %s: has failed, interrupted in attempt %s", archive.reference, archive.attempt)
            else:
                log.warning("archive %s: interrupted in attempt %s", archive.reference, archive.attempt)
