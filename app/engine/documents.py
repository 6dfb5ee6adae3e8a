"""JSON columns as the text that the database holds: parsing it and writing it anew costs four times as much."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Text, types
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class as_text(ColumnElement[str]):  # noqa: N801  # reads as a function in statements, like SQLAlchemy's own
    """A JSON column as text. SQLite holds nothing else; PostgreSQL's driver would parse it."""

    inherit_cache = False
    type = Text()

    def __init__(self, column: Column[Any]) -> None:
        self.column = column


def is_plain_json(column: Column[Any]) -> bool:
    """Whether SQLAlchemy's own type reads it: a type of somebody's own may answer something else than JSON."""
    return isinstance(column.type, types.JSON) and type(column.type).__module__.startswith("sqlalchemy.")


@compiles(as_text)
def _compile(element: as_text, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.column, **kw)


@compiles(as_text, "postgresql")
def _compile_postgresql(element: as_text, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.column, **kw)} AS TEXT)"
