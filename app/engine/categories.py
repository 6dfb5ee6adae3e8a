"""What a person may ask for or leave out: tables that they would name, each with the tables that belong to it.

A table belongs to another when that is the only way by which its rows reach the person: the tags of an entry, its
pictures, the files of an archive.
"""

from sqlalchemy import Column

from app.engine.graph import Graph, Node
from app.engine.schema import is_date

DATED_BY = ("date", "at", "created_at")
"""Names of columns that date a row, where its table does not say which does; the first that is there."""


def category_of(graph: Graph, node: Node) -> Node:
    """The table that a person knows this one's rows by: itself, or the one that they belong to."""
    seen = [node]
    while (owner := _owner(graph, seen[-1])) is not None:
        if owner in seen:  # a table whose rows belong to others of it, or several that belong to each other
            return owner
        seen.append(owner)
    return seen[-1]


def _owner(graph: Graph, node: Node) -> Node | None:
    ways = {path.hops[0].key.referred_table for path in node.paths}
    if len(ways) != 1 or any(len(path.hops) == 1 for path in node.paths):
        return None
    return graph.node(ways.pop())


def list_categories(graph: Graph) -> list[Node]:
    """The person's own table first, which is in every archive, and then those that may be left out."""
    owned = [node for node in graph.nodes if node.declaration.kind == "owned" and category_of(graph, node) is node]
    return [graph.node(graph.subject), *owned]


def list_bonds(graph: Graph, node: Node) -> list[Node]:
    """Categories that rows of this table may reach the person through: what is left out there takes its own along."""
    passed = {category_of(graph, graph.node(table)).name for path in node.paths for table in path.tables[:-1]}
    return [category for category in list_categories(graph) if category.name in passed]


def find_date(graph: Graph, node: Node) -> Column[object] | None:
    """The column that says when a row is from; None: its rows have no date of their own, and are in for all dates."""
    if node.declaration.kind != "owned" or category_of(graph, node) is not node:
        return None
    declared = node.declaration.dated
    names = DATED_BY if declared is None else (declared,)
    columns = (node.table.columns[name] for name in names if name in node.table.columns)
    return next((column for column in columns if is_date(column)), None)
