"""The coverage statement: what became of every table of the database; an archive proves its completeness by it."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Connection

from app.engine.graph import Graph, Node
from app.engine.names import data_path
from app.engine.package import Part
from app.engine.plan import PlannedTable
from app.engine.schema import marks_of
from app.engine.shape import Coverage, Edition, Gap
from app.engine.writers.to_json import encode_document


def count_deleted(connection: Connection, plan: Sequence[PlannedTable], counts: Sequence[int]) -> list[int]:
    """How many rows of each planned table stay out because the person deleted them; in the same snapshot."""
    return [
        0
        if planned.count_with_deleted is None
        else connection.execute(planned.count_with_deleted, planned.given).scalar_one() - count
        for planned, count in zip(plan, counts, strict=True)
    ]


def cover(graph: Graph, plan: Sequence[PlannedTable], counts: Sequence[int], deleted: Sequence[int]) -> list[Coverage]:
    """A line for every table, the person's own first. `counts`: the snapshot's COUNT(*), in the plan's order."""
    planned = {found[0].shape.name: found for found in zip(plan, counts, deleted, strict=True)}
    return [_line(node, planned.get(node.name)) for node in graph.nodes]


def _line(node: Node, found: tuple[PlannedTable, int, int] | None) -> Coverage:
    title = node.declaration.title or node.name
    if found is None:
        return Coverage(node.name, title, "excluded", 0, node.declaration.reason, ())
    planned, count, deleted = found
    status: Literal["included", "empty"] = "included" if count else "empty"
    return Coverage(node.name, title, status, count, _tell_deleted(node, deleted), planned.left_out)


def _tell_deleted(node: Node, deleted: int) -> str:
    """What became of rows that the person deleted and the database still holds."""
    told = []
    if deleted:
        rows = "1 row" if deleted == 1 else f"{deleted} rows"
        told.append(f"Without {rows} that you deleted or that stood under something deleted.")
    if marks_of(node.table, leave_out=False):
        told.append("Rows that you deleted and that are still held are included.")
    return " ".join(told)


def render_coverage(
    graph: Graph,
    edition: Edition,
    coverage: Sequence[Coverage],
    gaps: Sequence[Gap],
    *,
    part: Part,
    parts: Sequence[Part],
) -> bytes:
    """`data/coverage.json` of one part: the same in all of them, but for what is here."""
    subject = graph.subject
    statement = {
        "format": 1,
        "snapshot_at": edition.snapshot_at.isoformat(),
        "part": {"number": part.number, "of": len(parts), "folders": [each.top for each in parts]},
        "subject": {
            "table": subject.fullname,
            "key": next(iter(subject.primary_key.columns)).name,
            "json": data_path(subject.fullname, "json"),
        },
        "tables": [_statement(line, node, part) for line, node in zip(coverage, graph.nodes, strict=True)],
        "gaps": list(map(vars, gaps)),
    }
    return encode_document(statement)


def _statement(line: Coverage, node: Node, part: Part) -> dict[str, object]:
    facts = {key: getattr(node.declaration, key) for key in ("purpose", "retention", "recipients", "source")}
    left_out = [{"column": column, "reason": reason} for column, reason in line.left_out]
    here = {"rows_here": part.rows.get(line.table, 0)}
    return {**vars(line), **here, **facts, **_files(line.table, part), "left_out": left_out}


def _files(table: str, part: Part) -> dict[str, str]:
    names = {ending: data_path(table, ending) for ending in ("json", "csv")}
    return {ending: name for ending, name in names.items() if f"data/{name}" in part.members}
