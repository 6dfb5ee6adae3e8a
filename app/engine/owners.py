"""What shows within the archive that a row belongs there, so that the verifier can hold each row against it.

A SELECT that gives somebody else's rows is noticed by it, whatever was wrong: the statement, or the connection that it
was sent over.
"""

from sqlalchemy import ForeignKeyConstraint, Table

from app.engine.graph import Graph, Node, leads_on
from app.engine.paths import Hop
from app.engine.register import StoredFile
from app.engine.schema import (
    column_declaration,
    foreign_keys,
    is_followed,
    is_left_out,
    is_written_as_it_is,
    keys_of,
)


def find_owner_keys(graph: Graph, node: Node) -> list[ForeignKeyConstraint]:
    """The foreign keys of which one at least leads from each row to a row of the archive.

    Empty where that cannot be seen in the archive, or where a foreign key that is never empty says it already.
    """
    keys = list(dict.fromkeys(path.hops[0].key for path in node.paths))
    if len(keys) == 1 and is_followed(keys[0]) and not any(column.nullable for column in keys[0].columns):
        return []
    is_seen = all(map(_can_be_seen, keys)) and all(_goes_on(graph, path.hops) for path in node.paths)
    return keys if is_seen else []


def _can_be_seen(key: ForeignKeyConstraint) -> bool:
    """Whether it has the values pointed to, as they are, just where the row pointed to is in the archive."""
    return all(
        keys_of(each.parent) == [key]
        and not is_left_out(each.parent)
        and not isinstance(column_declaration(each.parent), StoredFile)
        and is_written_as_it_is(each.column)
        for each in key.elements
    )


def _goes_on(graph: Graph, hops: tuple[Hop, ...]) -> bool:
    return leads_on(hops, graph.node(hops[0].key.referred_table), graph.subject)


def keys_to(graph: Graph, table: Table) -> list[ForeignKeyConstraint]:
    """Those that bring rows of a reference table into the archive."""
    included = (node.table for node in graph.nodes if node.is_included)
    return [key for each in included for key in foreign_keys(each) if key.referred_table is table and is_followed(key)]
