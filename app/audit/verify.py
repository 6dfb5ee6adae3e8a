"""Reads the whole chain, and says where it is first wrong."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

from flask import current_app
from sqlalchemy import select

from app.audit.anchor import read_anchor
from app.audit.chain import START, Link, Row, check_chain
from app.engine.snapshot import open_snapshot
from app.extensions import db
from app.models import AuditHead, AuditRow

Watch = Callable[[Iterable[Row], int], Iterable[Row]]
BATCH = 1000
"""Rows held at a time."""


def unwatched(rows: Iterable[Row], _count: int) -> Iterable[Row]:
    return rows


def verify(anchors: Sequence[Link] = (), watch: Watch = unwatched) -> int:
    """How many rows there are, all of them as they were written.

    `anchors`: places that the caller has noted, besides the one that this machine keeps. `watch` is given the rows
    and their number, and hands them on. Raises BrokenChainError, and AnchorError for a note that is none.
    """
    noted = [*anchors, read_anchor()]  # before the snapshot: afterwards it may name a row that this does not show
    key = bytes.fromhex(current_app.config["AUDIT_KEY"])
    with open_snapshot(db.engine) as (connection, _moment):
        found = connection.execute(select(AuditHead.number, AuditHead.mac)).one_or_none()
        end = Link(*found) if found else START
        columns = [getattr(AuditRow, field.name) for field in fields(Row)]
        chain = select(*columns).order_by(AuditRow.number)
        with connection.execution_options(yield_per=BATCH).execute(chain) as stored:
            rows = watch((Row(*each) for each in stored), end.number)
            return check_chain(rows, key, end=end, anchors=[each for each in noted if each != START])
