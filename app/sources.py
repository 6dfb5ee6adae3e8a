"""What the engine is given of ours: the graph of our tables, and whose archive it is."""

from functools import cache

from app.engine.graph import Graph
from app.engine.mapped import read_models
from app.engine.shape import Subject
from app.extensions import db
from app.models import User


@cache
def graph() -> Graph:
    """The graph of our own tables. Raises RegisterError as long as a table or column is not classified."""
    return read_models(db.metadatas)


def subject_of(person: User, locale: str | None, time_zone: str | None) -> Subject:
    """`locale`: of dates and numbers. Both as the archive keeps them, so that all who make it agree; None: the
    person's own.
    """
    reads = (locale or person.language, time_zone or person.time_zone)
    return Subject(person.id, person.name, person.email or "", *reads)
