"""The only code that changes an archive's state. Each change is one conditional UPDATE, and its row count decides.

Read, decide, write loses updates between two processes (2,325 commits left a counter at 740); a condition in the
UPDATE does not. Times are the database's, so that workers with wrong clocks agree.
"""

from app.archives.ledger.asking import Request, insert
from app.archives.ledger.care import HEAD_OF_LINE, needs_care, recover_silent, take_unheard
from app.archives.ledger.ends import cancel, delete_ready, expire, make_again
from app.archives.ledger.files import fences_at_work, files_vouched_for, names_any_file, record_download
from app.archives.ledger.pulses import PULSE, beat_pulse, take_turn
from app.archives.ledger.work import (
    Claim,
    LeaseLostError,
    claim,
    fail,
    finish,
    give_back,
    is_set_aside,
    new_fence,
    renew,
    retry_later,
    set_aside,
    wait_for_space,
    wait_for_storage,
)
from app.archives.ledger.writing import FRESH

__all__ = [
    "FRESH",
    "HEAD_OF_LINE",
    "PULSE",
    "Claim",
    "LeaseLostError",
    "Request",
    "beat_pulse",
    "cancel",
    "claim",
    "delete_ready",
    "expire",
    "fail",
    "fences_at_work",
    "files_vouched_for",
    "finish",
    "give_back",
    "insert",
    "is_set_aside",
    "make_again",
    "names_any_file",
    "needs_care",
    "new_fence",
    "record_download",
    "recover_silent",
    "renew",
    "retry_later",
    "set_aside",
    "take_turn",
    "take_unheard",
    "wait_for_space",
    "wait_for_storage",
]
