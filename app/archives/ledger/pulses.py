"""Signs of life, and whose turn a deed is that should happen now and then."""

from sqlalchemy import and_, update
from sqlalchemy.exc import IntegrityError

from app.archives.ledger.conditions import is_past
from app.archives.ledger.writing import change
from app.extensions import db
from app.models import Pulse
from app.models.columns import database_time

PULSE = "reconcile"


def beat_pulse() -> None:
    """Leave a sign of life that pages and operators can read."""
    if not change(update(Pulse).where(Pulse.name == PULSE).values(at=database_time())):
        _add_pulse(PULSE)


def take_turn(name: str, seconds: float) -> bool:
    """Whether this deed is ours to do now: nobody, on any machine, has taken it for so long."""
    free = and_(Pulse.name == name, is_past(Pulse.at, seconds))
    if change(update(Pulse).where(free).values(at=database_time())):
        return True
    is_known = db.session.get(Pulse, name) is not None
    db.session.commit()  # SQLite refuses to turn an old read into a write
    return not is_known and _add_pulse(name)


def _add_pulse(name: str) -> bool:
    db.session.add(Pulse(name=name, at=database_time()))
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()  # another worker was first
        return False
    return True
