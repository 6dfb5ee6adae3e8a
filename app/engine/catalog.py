"""What stands in a database and in no model: a table's rows, or a column's values, would be forgotten."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, Engine, MetaData, Table, inspect, text

from app.engine.findings import Finding
from app.engine.schema import kind_of

MIGRATIONS = "alembic_version"
TABLE_FIX = "declare it as a Table with info=owned(…) or info=excluded(…), or drop it"
COLUMN_FIX = 'declare it as a column, with info=secret() or info=internal("why it stays here") if it must, or drop it'

# Asked of PostgreSQL's own catalog, which has also what our role may not read. A partition, or a child table without a
# column of its own, holds rows that are read with its parent's.
_POSTGRESQL = text("""
SELECT n.nspname, c.relname,
    CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
        ELSE 'table' END,
    ARRAY(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ),
    pg_table_is_visible(c.oid),
    (
        SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
    AND left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema'
    AND NOT (
        EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
        AND NOT EXISTS (
            SELECT FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attinhcount = 0
        )
    )
ORDER BY n.nspname, c.relname
""")


class Relation(NamedTuple):
    """What rows can be read from."""

    schema: str
    name: str
    kind: str
    columns: tuple[str, ...]
    is_default: bool
    """Whether it is the one that is meant where no schema is named."""
    extension: str | None

    def name_in(self, database: str) -> str:
        name = self.name if self.is_default else f"{self.schema}.{self.name}"
        return f"{database}:{name}" if database else name


@dataclass
class Comparison:
    findings: list[Finding] = field(default_factory=list)
    passed_over: list[tuple[str, str]] = field(default_factory=list)
    """What nobody has to declare, each with the reason."""


def compare_databases(engines: Mapping[str | None, Engine], metadatas: Mapping[str | None, MetaData]) -> Comparison:
    """Each with its models, by what Flask-SQLAlchemy calls it; the people's is None."""
    found = Comparison()
    for name, engine in engines.items():
        with engine.connect() as connection:
            compared = compare(connection, metadatas[name], name or "")
        found.findings += compared.findings
        found.passed_over += compared.passed_over
    return found


def compare(connection: Connection, metadata: MetaData, database: str = "") -> Comparison:
    """A database with its models. `database`: what it is called, if it is not the people's."""
    known = {(table.schema, table.name): table for table in metadata.tables.values()}
    found = Comparison()
    for relation in _read(connection, {table.name for table in known.values()}):
        where = relation.name_in(database)
        table = known.get((relation.schema, relation.name))
        if table is None and relation.is_default:
            table = known.get((None, relation.name))
        if table is not None:
            found.findings += _unknown_columns(relation, table, where)
        elif relation.extension:
            found.passed_over.append((where, f"it belongs to the extension {relation.extension}"))
        elif relation.kind == "view":
            found.passed_over.append((where, "a view, which shows what tables hold"))
        elif relation.name != MIGRATIONS:
            problem = f"this {relation.kind} is in the database, but no model knows it"
            found.findings.append(Finding(where, problem, TABLE_FIX))
    return found


def _unknown_columns(relation: Relation, table: Table, where: str) -> Iterator[Finding]:
    """The reason of an excluded table is said of all its columns, and a view's are those of tables."""
    if kind_of(table) == "excluded" or relation.kind == "view":
        return
    names = {column.name for column in table.columns}
    for name in relation.columns:
        if name not in names:
            problem = "this column is in the database, but no model knows it"
            yield Finding(f"{where}.{name}", problem, COLUMN_FIX)


def _read(connection: Connection, names: set[str]) -> Iterator[Relation]:
    """`names`: the tables whose columns are asked for."""
    if connection.dialect.name == "postgresql":
        for schema, name, kind, columns, is_default, extension in connection.execute(_POSTGRESQL):
            yield Relation(schema, name, kind, tuple(columns), is_default, extension)
        return
    inspector = inspect(connection)
    for schema in inspector.get_schema_names():
        is_default = schema == inspector.default_schema_name
        for name in inspector.get_table_names(schema):
            columns = inspector.get_columns(name, schema) if name in names else []
            yield Relation(schema, name, "table", tuple(each["name"] for each in columns), is_default, None)
        for name in inspector.get_view_names(schema):
            yield Relation(schema, name, "view", (), is_default, None)
