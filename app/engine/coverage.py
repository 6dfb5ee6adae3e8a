"""The coverage statement: what became of every table of the database; an archive proves its completeness by it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from app.engine.graph import Graph, Node
from app.engine.names import file_name
from app.engine.plan import PlannedTable
from app.engine.shape import Coverage, Edition, Gap


def cover(graph: Graph, plan: Sequence[PlannedTable], counts: Sequence[int]) -> list[Coverage]:
    """A line for every table, the person's own first. `counts`: the snapshot's COUNT(*), in the plan's order."""
    planned = {each.shape.name: (each, count) for each, count in zip(plan, counts, strict=True)}
    return [_line(node, planned.get(node.table.name)) for node in graph.nodes]


def _line(node: Node, found: tuple[PlannedTable, int] | None) -> Coverage:
    name, title = node.table.name, node.declaration.title or node.table.name
    if found is None:
        return Coverage(name, title, "excluded", 0, node.declaration.reason, ())
    planned, count = found
    return Coverage(name, title, "included" if count else "empty", count, "", planned.left_out)


def write_coverage(
    path: Path, graph: Graph, edition: Edition, coverage: Sequence[Coverage], gaps: Sequence[Gap]
) -> None:
    subject = graph.subject
    statement = {
        "format": 1,
        "snapshot_at": edition.snapshot_at.isoformat(),
        "subject": {
            "table": subject.name,
            "key": next(iter(subject.primary_key.columns)).name,
            "json": f"json/{file_name(subject.name)}.json",
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
