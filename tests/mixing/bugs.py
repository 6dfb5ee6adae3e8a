"""Bugs that mix people up, each planted in a worker's application: the control."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from celery.signals import worker_process_init
from flask import Flask

from app.archives import storage
from app.engine.build import BuiltPart
from app.engine.graph import Node
from app.engine.selection import Selection
from app.extensions import db
from app.stores import GoOn, always


def share_the_pool(app: Flask) -> None:
    """The parent asks the database something, and its children go on over the same connection."""
    worker_process_init.receivers = []
    with app.app_context():
        db.session.execute(sa.select(1))


def ask_for_everybody(_app: Flask) -> None:
    """The SELECT of comments takes everybody's."""
    Selection.includes = forget_where("comment")  # type: ignore[method-assign,assignment]


def forget_where(table: str) -> Callable[[Selection, Node, sa.FromClause], sa.ColumnElement[bool]]:
    """In place of `Selection.includes`: the rows of this table are not asked whose they are."""
    includes = Selection.includes

    def forget(self: Selection, node: Node, rows: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.true() if rows is node.table and node.name == table else includes(self, node, rows)

    return forget


def share_a_file(_app: Flask) -> None:
    """Every archive is published under the same name."""
    publish = storage.publish

    def publish_as_one(parts: Sequence[BuiltPart], archive_id: str, fence: str, go_on: GoOn = always) -> list[str]:
        return publish(parts, "0" * len(archive_id), "0" * len(fence), go_on)

    storage.publish = publish_as_one


BUGS: dict[str, Callable[[Flask], None]] = {
    "a pool shared over the fork": share_the_pool,
    "a wrong WHERE": ask_for_everybody,
    "a shared file name": share_a_file,
}
