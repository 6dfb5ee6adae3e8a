"""Foreign keys and the register's declarations together: which rows reach a person, and by which columns.

`build_graph` reads a `MetaData` whose tables are all known by then. It either returns a graph in which every table is
classified and every owner path ends at the person, or raises `RegisterError` with all findings, each with the line to
write.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table

from app.engine.register import KEY, ColumnDeclaration, Internal, Secret, TableDeclaration, ThirdParty

LOOKS_SECRET = re.compile(r"password|passwd|hash|token|secret|otp(?![a-z])|salt|api_?key|private_?key", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """One thing that the register leaves open, and the line that settles it."""

    where: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}\n    {self.fix}"


class RegisterError(Exception):
    """The register does not say what every table and column is; no archive is made until it does."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


@dataclass(frozen=True)
class OwnerPath:
    """The foreign keys that lead from a row to the person, in order."""

    text: str
    hops: tuple[ForeignKeyConstraint, ...]

    @property
    def role(self) -> str:
        """`entry_id.author_id` → "entry author"."""
        return " ".join(step.removesuffix("_id").replace("_", " ") for step in self.text.split("."))


@dataclass(frozen=True)
class Node:
    """A table with its declaration and its owner paths resolved."""

    table: Table
    declaration: TableDeclaration
    paths: tuple[OwnerPath, ...]

    @property
    def is_included(self) -> bool:
        return self.declaration.kind != "excluded"


@dataclass(frozen=True)
class Graph:
    subject: Table
    nodes: tuple[Node, ...]
    """Every table of the database, by name; the subject's first."""

    def node(self, table: Table) -> Node:
        return next(node for node in self.nodes if node.table is table)


def column_declaration(column: Column[object]) -> ColumnDeclaration | None:
    declared: ColumnDeclaration | None = column.info.get(KEY)
    return declared


def foreign_key(column: Column[object]) -> ForeignKeyConstraint | None:
    """The constraint that this column belongs to, alone or with others."""
    return next((key.constraint for key in column.foreign_keys if key.constraint is not None), None)


def build_graph(metadata: MetaData) -> Graph:
    """Raises RegisterError with every finding, not only the first."""
    reader = _Reader(metadata)
    nodes = reader.read()
    findings = [*reader.findings, *_check_references(nodes, reader.subject)]
    if findings or reader.subject is None:
        raise RegisterError(findings)
    return Graph(reader.subject, nodes)


class _Reader:
    """Goes through all tables and collects what it finds wrong on the way."""

    def __init__(self, metadata: MetaData) -> None:
        self.tables = sorted(metadata.tables.values(), key=lambda table: table.fullname)
        self.findings: list[Finding] = []
        self.subject = self._find_subject()

    def _find_subject(self) -> Table | None:
        subjects = [table for table in self.tables if _kind(table) == "subject"]
        if len(subjects) == 1:
            return subjects[0]
        named = ", ".join(table.fullname for table in subjects) or "none"
        self._add(
            "database", f"exactly one table holds the people; declared: {named}", 'info=subject(title="Account")'
        )
        return None

    def read(self) -> tuple[Node, ...]:
        nodes = [node for table in self.tables if (node := self._read_table(table))]
        return tuple(sorted(nodes, key=lambda node: (node.table is not self.subject, node.table.fullname)))

    def _read_table(self, table: Table) -> Node | None:
        declaration: TableDeclaration | None = table.info.get(KEY)
        if declaration is None:
            self._add(table.fullname, "this table is not classified", _suggestion(table))
            return None
        if declaration.kind == "excluded":
            return Node(table, declaration, ())
        self._check_table(table, declaration)
        found = (self._resolve(table, path) for path in declaration.paths)
        return Node(table, declaration, tuple(path for path in found if path))

    def _check_table(self, table: Table, declaration: TableDeclaration) -> None:
        if not table.primary_key.columns:
            self._add(table.fullname, "rows have no primary key, so they have no order", "give it a primary key")
        if declaration.kind == "owned" and not declaration.paths:
            self._add(table.fullname, "owned, but no owner path is given", 'info=owned("user_id")')
        for column in table.columns:
            if LOOKS_SECRET.search(column.name) and column_declaration(column) is None:
                self._add(
                    f"{table.fullname}.{column.name}",
                    "this looks like a secret and is not declared",
                    'info=secret(), or internal("why it stays here"), or harmless() if it may leave',
                )

    def _resolve(self, table: Table, text: str) -> OwnerPath | None:
        hops: list[ForeignKeyConstraint] = []
        here = table
        for step in text.split("."):
            hop = self._hop(table, text, here, step)
            if hop is None:
                return None
            hops.append(hop)
            here = hop.referred_table
        if here is not self.subject and self.subject is not None:
            problem = f"owner path {text!r} ends at {here.fullname}, not at {self.subject.fullname}"
            self._add(table.fullname, problem, "follow foreign keys to the person, separated by dots")
            return None
        return OwnerPath(text, tuple(hops))

    def _hop(self, table: Table, text: str, here: Table, step: str) -> ForeignKeyConstraint | None:
        if step not in here.columns:
            problem = f"owner path {text!r}: {here.fullname} has no column {step!r}"
            self._add(table.fullname, problem, f"columns: {', '.join(here.columns.keys())}")
            return None
        keys = [key.constraint for key in here.columns[step].foreign_keys if key.constraint is not None]
        if len(keys) != 1:
            problem = f"owner path {text!r}: {here.fullname}.{step} belongs to {len(keys)} foreign keys, not to one"
            self._add(table.fullname, problem, "choose a column that belongs to exactly one foreign key")
            return None
        if _kind(keys[0].referred_table) == "excluded":
            problem = f"owner path {text!r} goes through {keys[0].referred_table.fullname}, which is excluded"
            self._add(table.fullname, problem, "choose another path, or include that table")
            return None
        return keys[0]

    def _add(self, where: str, problem: str, fix: str) -> None:
        self.findings.append(Finding(where, problem, fix))


def _kind(table: Table) -> str | None:
    declaration: TableDeclaration | None = table.info.get(KEY)
    return declaration.kind if declaration else None


def _suggestion(table: Table) -> str:
    """The declaration that its foreign keys make likely."""
    for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
        if _kind(key.column.table) == "subject":
            return f'__table_args__ = {{"info": owned("{key.parent.name}", title="…", purpose="…")}}'
    return '__table_args__ = {"info": excluded("why it holds nothing about a person")}'


def _check_references(nodes: tuple[Node, ...], subject: Table | None) -> Iterator[Finding]:
    """A foreign key in the archive must resolve in the archive, or be declared as somebody else's."""
    by_table = {node.table: node for node in nodes}
    for node in nodes:
        for key in node.table.foreign_key_constraints if node.is_included else ():
            columns = [column_declaration(column) for column in key.columns]
            if any(isinstance(declared, Secret | Internal | ThirdParty) for declared in columns):
                continue
            if not _always_resolves(node, key, by_table.get(key.referred_table), subject):
                name = f"{node.table.fullname}.{next(iter(key.columns)).name}"
                problem = f"may point to a row of {key.referred_table.fullname} that is not in the archive"
                yield Finding(name, problem, 'info=third_party(), or internal("why it stays here")')


def _always_resolves(node: Node, key: ForeignKeyConstraint, target: Node | None, subject: Table | None) -> bool:
    if target is None or target.declaration.kind == "reference":
        return target is not None
    if len(node.paths) != 1 or node.paths[0].hops[0] is not key:
        return False
    rest = node.paths[0].hops[1:]
    return target.table is subject if not rest else any(path.hops == rest for path in target.paths)
