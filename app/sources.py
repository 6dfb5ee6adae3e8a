"""What the engine is given of ours: the graph of our tables, and whose archive it is."""

from functools import cache

from app.engine.graph import Graph, build_graph
from app.engine.shape import Subject
from app.extensions import db
from app.models import User


@cache
def graph() -> Graph:
    """The graph of our own tables. Raises RegisterError as long as a table or column is not classified."""
    return build_graph(db.metadata)


def subject_of(person: User, locale: str | None = None) -> Subject:
    """`locale`: of dates and numbers; None: the person's own."""
    return Subject(person.id, person.name, person.email or "", locale or person.language, person.time_zone)
