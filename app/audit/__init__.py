"""The audit: an append-only record of who did what, in which any later change is found.

Deeds of any room call `record` in their own transaction, doors say by `act_as` at whose wish they act, `verify` reads
the whole chain. Nothing here changes or deletes a row.
"""

from app.audit.anchor import AnchorError, anchor
from app.audit.chain import BrokenChainError, Link, Row
from app.audit.listing import list_of_person, list_recent
from app.audit.record import NOBODY, OPERATOR, SYSTEM, Acting, Event, act_as, acting, record, record_all
from app.audit.verify import verify

__all__ = [
    "NOBODY",
    "OPERATOR",
    "SYSTEM",
    "Acting",
    "AnchorError",
    "BrokenChainError",
    "Event",
    "Link",
    "Row",
    "act_as",
    "acting",
    "anchor",
    "list_of_person",
    "list_recent",
    "record",
    "record_all",
    "verify",
]
