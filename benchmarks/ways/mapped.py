"""The case's tables as classes, for the ways that use the ORM: `user.event` are the person's rows."""

from typing import Any

from sqlalchemy.orm import DeclarativeBase, relationship

from benchmarks.shapes import Case, make_schema


def map_classes(case: Case) -> dict[str, type[Any]]:
    """By table's name."""

    class Base(DeclarativeBase):
        metadata = make_schema(case)

        def to_dict(self) -> dict[str, Any]:
            return {column.name: getattr(self, column.name) for column in self.__table__.columns}

    tables = Base.metadata.tables
    classes: dict[str, type[Any]] = {
        name: type(name.capitalize(), (Base,), {"__table__": tables[name]}) for name in case.tables
    }
    people = {"__table__": tables["person"], **{name: relationship(classes[name]) for name in case.tables}}
    return {**classes, "person": type("Person", (Base,), people)}
