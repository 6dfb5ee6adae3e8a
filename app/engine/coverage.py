"""The coverage statement: what became of every table of the database; an archive proves its completeness by it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from app.engine.graph import Graph, Node
from app.engine.names import file_name
from app.engine.plan import PlannedTable
from app.engine.schema import marks_of
from app.engine.shape import Coverage, Edition, Gap


def count_deleted(connection: Connection, plan: Sequence[PlannedTable], counts: Sequence[int]) -> list[int]:
    """How many rows of each planned table stay out because the person deleted them; in the same snapshot."""
    return [
        0
        if planned.count_with_deleted is None
        else connection.execute(planned.count_with_deleted).scalar_one() - count
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


def write_coverage(
    path: Path, graph: Graph, edition: Edition, coverage: Sequence[Coverage], gaps: Sequence[Gap]
) -> None:
    subject = graph.subject
    statement = {
        "format": 1,
        "snapshot_at": edition.snapshot_at.isoformat(),
        "subject": {
            "table": subject.fullname,
            "key": next(iter(subject.primary_key.columns)).name,
            "json": f"json/{file_name(subject.fullname)}.json",
        },
        "tables": [_statement(line, node) for line, node in zip(coverage, graph.nodes, strict=True)],
        "gaps": [asdict(gap) for gap in gaps],
    }
    path.write_text(json.dumps(statement, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _statement(line: Coverage, node: Node) -> dict[str, object]:
    facts = {key: getattr(node.declaration, key) for key in ("purpose", "retention", "recipients", "source")}
    name = file_name(line.table)
    files = {"json": f"json/{name}.json", "csv": f"csv/{name}.csv"} if line.status == "included" else {}
    left_out = [{"column": column, "reason": reason} for column, reason in line.left_out]
    return {**asdict(line), **facts, **files, "left_out": left_out}
