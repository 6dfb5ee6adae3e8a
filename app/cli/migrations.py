"""`flask db …`: Flask-Migrate's own commands, loaded when one of them is asked for."""

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError


@click.command(
    "db", help="Make or change the tables.", add_help_option=False, context_settings={"ignore_unknown_options": True}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
@with_appcontext
def migrations(context: click.Context, arguments: tuple[str, ...]) -> None:
    # Here, for what `extensions.offer_migrations` tells; and its types say nothing of this module.
    from flask_migrate.cli import db  # type: ignore[import-not-found]  # noqa: PLC0415

    with db.make_context(context.info_name, list(arguments), parent=context.parent) as its_own:
        try:
            db.invoke(its_own)
        except OperationalError as error:
            if error.statement is not None:
                raise  # a migration's fault, whose place the traceback names
            raise click.ClickException(f"The database does not answer, check DATABASE_URL: {error.orig}") from error
