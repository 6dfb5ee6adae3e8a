"""`flask archives check` and `flask archives plan`: what an archive would hold, before anybody asks for one."""

import click
from flask.cli import with_appcontext

from app import sources
from app.cli.accounts import load_user
from app.engine.catalog import Comparison, compare_databases
from app.engine.graph import Graph, Node, RegisterError
from app.engine.mapped import read_models
from app.engine.plan import PlannedTable, plan_tables
from app.engine.snapshot import open_snapshot
from app.extensions import db

NOBODY = "00000000-0000-0000-0000-000000000000"


@click.command("check")
@with_appcontext
def check() -> None:
    """Is every table and column classified? Prints what becomes of each table; exits 1 with each finding."""
    standing, undeclared = compare_databases(db.engines, db.metadatas), []
    try:
        graph = read_models(db.metadatas)
    except RegisterError as error:
        undeclared = list(error.findings)
    else:
        _print_tables(graph, standing)
    findings = [*standing.findings, *undeclared]
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


def _print_tables(graph: Graph, standing: Comparison) -> None:
    lines: list[tuple[str, str, str]] = [(node.name, node.declaration.kind, _why(node)) for node in graph.nodes]
    lines += [(name, "-", why) for name, why in standing.passed_over]
    widest = max(len(name) for name, _kind, _why in lines)
    for name, kind, why in lines:
        click.echo(f"{name:<{widest}}  {kind:<9}  {why}")


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
