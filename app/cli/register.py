"""`flask archives check` and `flask archives plan`: what an archive would hold, before anybody asks for one."""

import click
from flask.cli import with_appcontext
from sqlalchemy import inspect

from app import sources
from app.cli.accounts import load_user
from app.engine.graph import Finding, Graph, Node, RegisterError
from app.engine.mapped import read_models
from app.engine.plan import PlannedTable, plan_tables
from app.engine.snapshot import open_snapshot
from app.extensions import db

MIGRATIONS = "alembic_version"
NOBODY = "00000000-0000-0000-0000-000000000000"


@click.command("check")
@with_appcontext
def check() -> None:
    """Is every table and column classified? Prints what becomes of each table; exits 1 with each finding."""
    unknown, undeclared = _unknown_tables(), []
    try:
        graph = read_models(db.metadatas)
    except RegisterError as error:
        undeclared = list(error.findings)
    else:
        _print_tables(graph)
    findings = [*unknown, *undeclared]
    for finding in findings:
        click.echo(str(finding), err=True)
    if findings:
        until = "no archive is made until then" if undeclared else "archives are made without it"
        raise click.ClickException(f"{len(findings)} to settle; {until}.")
    click.echo("Everything is classified.")


@click.command("plan")
@click.option("--user", "email", help="Count the rows of this person, by e-mail address.")
@click.option("--sql", is_flag=True, help="Print the statements.")
@with_appcontext
def plan(email: str | None, sql: bool) -> None:
    """What an archive holds: each table with its owner paths, its purpose, and what is kept back and why."""
    user = load_user(email) if email else None
    planned = plan_tables(sources.graph(), user.id if user else NOBODY)
    db.session.commit()
    with open_snapshot(db.engine) as (connection, _moment):
        for table in planned:
            count = connection.execute(table.count, table.given).scalar_one() if user else None
            _print_planned(table, count, sql=sql)


def _unknown_tables() -> list[Finding]:
    """Tables that stand in the database and that no model knows: their rows would be forgotten."""
    unknown = set(inspect(db.engine).get_table_names()) - db.metadata.tables.keys() - {MIGRATIONS}
    fix = "declare it as a Table with info=owned(…) or info=excluded(…), or drop it"
    return [Finding(name, "this table is in the database, but no model knows it", fix) for name in sorted(unknown)]


def _print_tables(graph: Graph) -> None:
    widest = max(len(node.name) for node in graph.nodes)
    for node in graph.nodes:
        click.echo(f"{node.name:<{widest}}  {node.declaration.kind:<9}  {_why(node)}")


def _why(node: Node) -> str:
    paths = ", ".join(path.text for path in node.paths)
    return paths or node.declaration.reason or node.declaration.title


def _print_planned(table: PlannedTable, count: int | None, *, sql: bool) -> None:
    declaration = table.shape.declaration
    rows = "" if count is None else f": {count:,} {'row' if count == 1 else 'rows'}"
    click.secho(f"{table.shape.name}{rows}", bold=True)
    click.echo(f"  {declaration.kind} {', '.join(declaration.paths)}".rstrip())
    for name in ("purpose", "retention", "recipients", "source"):
        if value := getattr(declaration, name):
            click.echo(f"  {name}: {value}")
    for column, reason in table.left_out:
        click.echo(f"  without {column}: {reason}")
    if sql:
        click.echo(f"  {table.select.compile(db.engine)}".replace("\n", "\n  "))
