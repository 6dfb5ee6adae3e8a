"""Notes the chain's end outside of the database, so that rows cut off at the end are missed.

In a file of this machine, which each reconciliation renews, and in the log, which is usually kept elsewhere.
"""

import logging
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from app.audit.chain import START, Link
from app.disk import replace_file
from app.extensions import db
from app.models import AuditHead, AuditRow

log = logging.getLogger(__name__)

FILE = "audit_anchor"


class AnchorError(Exception):
    """The note on this machine is not one of ours; the audit itself may be whole."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} does not hold what was noted there. From it nobody can tell whether the audit is whole: look "
            "for the last place in the log, move the file away, and name that place by --anchor."
        )


def anchor() -> None:
    """If what was noted last is not there any more, or cannot be read, that is said, and the note stays as it is."""
    try:
        noted = read_anchor()
    except AnchorError as error:
        log.critical("audit: %s", error)
        return
    end = find_end()
    if not _holds(noted):
        log.critical("audit: row %s, once anchored, is gone or changed. Run: flask audit verify", noted.number)
    elif end != noted:
        replace_file(_path(), f"{end.number} {end.mac}\n")
        log.info("audit: ends with row %s:%s", end.number, end.mac)


def read_anchor() -> Link:
    """What was noted last on this machine; the start, if nothing was. Raises AnchorError."""
    try:
        number, mac = _path().read_text(encoding="ascii").split()
        return Link(int(number), mac)
    except FileNotFoundError:
        return START
    except ValueError as error:
        raise AnchorError(_path()) from error


def find_end() -> Link:
    """As the database says it now; the start, if it says nothing."""
    found = db.session.execute(select(AuditHead.number, AuditHead.mac)).one_or_none()
    db.session.commit()
    return Link(*found) if found else START


def _holds(noted: Link) -> bool:
    if noted == START:
        return True
    found = db.session.scalar(select(AuditRow.mac).where(AuditRow.number == noted.number))
    db.session.commit()
    return found == noted.mac


def _path() -> Path:
    return Path(current_app.instance_path) / FILE
