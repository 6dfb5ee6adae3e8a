"""The coverage statement: what became of every table of the database; an archive proves its completeness by it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select

from app.engine.categories import find_date
from app.engine.choices import Choices
from app.engine.graph import Graph, Node
from app.engine.marking import mark
from app.engine.names import data_path
from app.engine.owners import keys_to
from app.engine.package import Part
from app.engine.plan import PlannedTable
from app.engine.report.contents import tell_line
from app.engine.report.formats import ENGLISH
from app.engine.schema import marks_of
from app.engine.shape import Coverage, Edition, Gap
from app.engine.writers.to_json import encode_document


class LeftOut(NamedTuple):
    """Of one table, what is the person's and not in the archive."""

    deleted: int
    chosen: int
    files: int


def count_left_out(
    connection: Connection, plan: Sequence[PlannedTable], counts: Sequence[int], files: Mapping[str, int]
) -> list[LeftOut]:
    """For each planned table; in the same snapshot. `files`: those that the person did not want, by table."""
    found = []
    for planned, count in zip(plan, counts, strict=True):
        whole = _count(connection, planned, planned.count_all, count)
        deleted = _count(connection, planned, planned.count_with_deleted, whole) - whole
        found.append(LeftOut(deleted, whole - count, files.get(planned.shape.name, 0)))
    return found


def _count(connection: Connection, planned: PlannedTable, count: Select[Any] | None, otherwise: int) -> int:
    return otherwise if count is None else int(connection.execute(count, planned.given).scalar_one())


def cover(
    graph: Graph, plan: Sequence[PlannedTable], counts: Sequence[int], left_out: Sequence[LeftOut]
) -> list[Coverage]:
    """A line for every table, the person's own first. `counts`: the snapshot's COUNT(*), in the plan's order."""
    planned = {found[0].shape.name: found for found in zip(plan, counts, left_out, strict=True)}
    return [_line(node, planned.get(node.name)) for node in graph.nodes]


def _line(node: Node, found: tuple[PlannedTable, int, LeftOut] | None) -> Coverage:
    title = node.declaration.title or node.name
    if found is None:
        return Coverage(node.name, title, "excluded", 0, node.declaration.reason, ())
    planned, count, left_out = found
    status: Literal["included", "empty", "left_out"] = "included" if count else "empty"
    if left_out.chosen and not count:
        status = "left_out"
    kept = mark("Rows that are marked as deleted and still held are included.")
    reason = kept if marks_of(node.table, leave_out=False) else ""
    return Coverage(node.name, title, status, count, reason, planned.left_out, *left_out)


def render_coverage(
    graph: Graph,
    edition: Edition,
    coverage: Sequence[Coverage],
    gaps: Sequence[Gap],
    *,
    choices: Choices,
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
        "choices": _list_choices(choices, edition),
        "tables": [
            {**_statement(line, node, part), **explained}
            for line, node, explained in zip(coverage, graph.nodes, _explain(graph), strict=True)
        ],
        "gaps": list(map(vars, gaps)),
    }
    return encode_document(statement)


def _list_choices(choices: Choices, edition: Edition) -> dict[str, object]:
    """What was asked for, also where it is everything. The days are those of this time zone."""
    return {
        "without": sorted(choices.without),
        "since": choices.since and choices.since.isoformat(),
        "until": choices.until and choices.until.isoformat(),
        "time_zone": edition.subject.time_zone,
        "files": choices.files,
        "formats": list(choices.written),
    }


def _statement(line: Coverage, node: Node, part: Part) -> dict[str, object]:
    facts = {key: getattr(node.declaration, key) for key in ("purpose", "retention", "recipients", "source")}
    left_out = [{"column": column, "reason": reason} for column, reason in line.left_out]
    here = {"rows_here": part.rows.get(line.table, 0), "reason": " ".join(tell_line(line, ENGLISH))}
    told = {key: value for key, value in vars(line).items() if key != "deleted"}
    return {**told, **here, **facts, **_files(line.table, part), "left_out": left_out}


@lru_cache(maxsize=1)
def _explain(graph: Graph) -> list[dict[str, object]]:
    """Of each table, by what choices its rows may stay out: by this the verifier holds what was left out to them."""
    return [
        {
            "dated": date.name if (date := find_date(graph, node)) is not None else None,
            "depends_on": _ways(graph, node),
        }
        for node in graph.nodes
    ]


def _ways(graph: Graph, node: Node) -> list[str]:
    """The tables that its rows are here by: those on the way to the person, or those that refer to it."""
    if not node.is_included:
        return []
    tables = {table for path in node.paths for table in path.tables}
    if node.declaration.kind == "reference":
        tables = {key.table for key in keys_to(graph, node.table)}
    return sorted(table.fullname for table in tables - {node.table, graph.subject})


def _files(table: str, part: Part) -> dict[str, str]:
    names = {ending: data_path(table, ending) for ending in ("json", "csv")}
    return {ending: name for ending, name in names.items() if f"data/{name}" in part.members}
