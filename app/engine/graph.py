"""Foreign keys and the register's declarations together: which rows reach a person, and by which columns.

`build_graph` reads a `MetaData` whose tables are all known by then. It either returns a graph in which every table is
classified and every owner path ends at the person, or raises `RegisterError` with all findings, each with the line to
write.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table
from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError

from app.engine.checks import check_table
from app.engine.findings import Finding, RegisterError
from app.engine.paths import Hop, OwnerPath, resolve_path
from app.engine.register import TableDeclaration, ThirdParty
from app.engine.schema import (
    column_declaration,
    foreign_keys,
    is_followed,
    is_left_out,
    is_written_as_it_is,
    keys_of,
    kind_of,
    marks_of,
    table_declaration,
)

__all__ = ["Finding", "Graph", "Node", "RegisterError", "build_graph"]


@dataclass(frozen=True)
class Node:
    """A table with its declaration and its owner paths resolved."""

    table: Table
    declaration: TableDeclaration
    paths: tuple[OwnerPath, ...]
    database: str = ""
    """What another database than the people's is called."""

    @property
    def name(self) -> str:
        """With schema and database, where they are given: two of them may hold tables of the same name."""
        return name_table(self.table, self.database)

    @property
    def is_included(self) -> bool:
        return self.declaration.kind != "excluded"

    @property
    def leaves_out_deleted(self) -> bool:
        """Whether rows stay out because they, or what they reach the person through, were deleted."""
        tables = [self.table, *(table for path in self.paths for table in path.tables)]
        return any(marks_of(table, leave_out=True) for table in tables)


@dataclass(frozen=True, eq=False)
class Graph:
    """Known by its identity: what follows from it is worked out once, and looking that up must cost nothing."""

    subject: Table
    nodes: tuple[Node, ...]
    """Every table, by name; the subject's first, those of other databases last."""

    def node(self, table: Table) -> Node:
        return next(node for node in self.nodes if node.table is table)


def name_table(table: Table, database: str) -> str:
    return f"{database}:{table.fullname}" if database else table.fullname


def build_graph(metadata: MetaData, others: Mapping[str, MetaData] | None = None) -> Graph:
    """Raises RegisterError with every finding, not only the first.

    `others`: what other databases are called, and their tables. No snapshot holds two databases, so they must be
    excluded.
    """
    tables = sorted(metadata.tables.values(), key=lambda table: table.fullname)
    _require_targets(tables)
    findings: list[Finding] = []
    subject = _find_subject(tables, findings)
    nodes = [node for table in tables if (node := _read_table(table, subject, findings))]
    elsewhere = [node for name, each in (others or {}).items() for node in _read_other(each, name, findings)]
    if subject is None:
        raise RegisterError(findings)
    findings += [*_check_keys(nodes, subject), *_check_references(tables)]
    if findings:
        raise RegisterError(findings)
    return Graph(subject, (*sorted(nodes, key=lambda node: node.table is not subject), *elsewhere))


def _require_targets(tables: list[Table]) -> None:
    """Nothing can be said of a schema whose foreign keys point to tables that nobody has read."""
    findings = []
    for table in tables:
        for key in foreign_keys(table):
            try:
                _ = [element.column for element in key.elements]
            except (NoReferencedTableError, NoReferencedColumnError) as error:
                findings.append(Finding(table.fullname, str(error), "read that table into the same MetaData"))
    if findings:
        raise RegisterError(findings)


def _find_subject(tables: list[Table], findings: list[Finding]) -> Table | None:
    subjects = [table for table in tables if kind_of(table) == "subject"]
    if len(subjects) == 1:
        return subjects[0]
    named = ", ".join(table.fullname for table in subjects) or "none"
    problem = f"exactly one table holds the people; declared: {named}"
    findings.append(Finding("database", problem, 'info=subject(title="Account")'))
    return None


def _read_table(table: Table, subject: Table | None, findings: list[Finding]) -> Node | None:
    findings += check_table(table, subject)
    declaration = table_declaration(table)
    if declaration is None:
        return None
    if subject is None:
        return Node(table, declaration, ())
    paths = []
    for text in declaration.paths:
        try:
            paths.append(resolve_path(table, text, subject))
        except RegisterError as error:
            findings += error.findings
    return Node(table, declaration, tuple(paths))


def _read_other(metadata: MetaData, database: str, findings: list[Finding]) -> Iterator[Node]:
    for table in sorted(metadata.tables.values(), key=lambda table: table.fullname):
        declaration = table_declaration(table)
        if declaration is not None and declaration.kind == "excluded":
            findings += check_table(table, None)
            yield Node(table, declaration, (), database)
        else:
            problem = "this table is in another database than the people, and an archive is read from theirs"
            fix = 'info=excluded("why it is not in the archive"), or keep it in the database of the people'
            findings.append(Finding(name_table(table, database), problem, fix))


def _check_keys(nodes: list[Node], subject: Table) -> Iterator[Finding]:
    """A foreign key in the archive must resolve in the archive, or be declared as somebody else's."""
    by_table = {node.table: node for node in nodes}
    for node in nodes:
        is_known = node.is_included and len(node.paths) == len(node.declaration.paths)
        for key in foreign_keys(node.table) if is_known else ():
            target = by_table.get(key.referred_table)
            for column, problem in _check_key(node, key, target, subject) if target else ():
                fix = 'info=third_party(), or internal("why it stays here")'
                yield Finding(f"{node.table.fullname}.{column.key}", problem, fix)


def _check_key(
    node: Node, key: ForeignKeyConstraint, target: Node, subject: Table
) -> Iterator[tuple[Column[object], str]]:
    bare = [element for element in key.elements if is_written_as_it_is(element.parent)]
    told = [element for element in bare if not is_written_as_it_is(element.column)]
    for element in told:
        yield element.parent, f"shows what {target.name}.{element.column.key} does not"
    if told or _always_resolves(node, key, target, subject):
        return
    if not _is_settled(key):
        yield _own_column(key), f"may point to a row of {target.name} that is not in the archive"
        return
    for element in bare:
        others = (other for other in keys_of(element.parent) if other is not key)
        if _names_person(element.column, subject) and not any(is_followed(other) for other in others):
            yield element.parent, f"may name somebody else, like the rest of the key to {target.name}"


def _check_references(tables: list[Table]) -> Iterator[Finding]:
    """Rows of a reference table come as far as they are pointed to, so somebody must be able to point."""
    reached = [table for table in tables if kind_of(table) not in {"reference", "excluded"}]
    for table in reached:  # it grows
        targets = [key.referred_table for key in foreign_keys(table) if is_followed(key)]
        reached += [each for each in dict.fromkeys(targets) if kind_of(each) == "reference" and each not in reached]
    for table in tables:
        if table not in reached and kind_of(table) == "reference":
            problem = "a reference that no key of an archive leads to, so none of its rows would ever be there"
            fix = 'a ForeignKey to it in a table that is owned, or info=excluded("why it is not in the archive")'
            yield Finding(table.fullname, problem, fix)


def _names_person(column: Column[object], subject: Table, seen: frozenset[Column[object]] = frozenset()) -> bool:
    """Whether foreign keys lead from this column to one of the people's table."""
    beyond = {element.column for key in keys_of(column) for element in key.elements if element.parent is column}
    return column.table is subject or any(_names_person(each, subject, seen | {column}) for each in beyond - seen)


def _own_column(key: ForeignKeyConstraint) -> Column[object]:
    """The one to declare: of a key of several columns, some may name the row itself or belong to other keys."""
    return min(key.columns, key=lambda column: (len(keys_of(column)), column.primary_key))


def _is_settled(key: ForeignKeyConstraint) -> bool:
    declared = (column_declaration(column) for column in key.columns)
    return any(isinstance(each, ThirdParty) for each in declared) or any(map(is_left_out, key.columns))


def _always_resolves(node: Node, key: ForeignKeyConstraint, target: Node, subject: Table) -> bool:
    """True if the row pointed to is in the archive whenever this one is, and shows the values pointed to."""
    if not is_followed(key):
        return False
    if target.declaration.kind == "reference":
        return True
    return bool(node.paths) and all(
        path.hops[0].key is key and leads_on(path.hops, target, subject) for path in node.paths
    )


def leads_on(hops: tuple[Hop, ...], target: Node, subject: Table) -> bool:
    """Whether the row of `target` that an owner path leads to first is in the archive by a path of its own."""
    ways = [hops[1:], hops] if hops[0].repeats else [hops[1:]]
    return all(any(path.hops == way for path in target.paths) if way else target.table is subject for way in ways)
