"""Runs the migrations on the application's own database; `flask db …` comes here."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import CreateTableOp, MigrationScript
from flask import current_app
from sqlalchemy import Connection, TypeDecorator

migrate = current_app.extensions["migrate"]
engine = migrate.db.engine
metadata = migrate.db.metadata


def set_foreign_keys(connection: Connection, state: str) -> None:
    """SQLite changes a table by copying it, and dropping the old one would cascade into its children."""
    if engine.dialect.name == "sqlite":
        connection.connection.dbapi_connection.execute(f"PRAGMA foreign_keys = {state}")


def render_type(kind: str, item: Any, _autogen: AutogenContext) -> str | Literal[False]:
    """Write what is stored, so that a migration never imports a class that may be renamed later."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def leave_out_declarations(_context: Any, _revision: Any, scripts: list[MigrationScript]) -> None:
    """The register is the models' business; a migration that repeated it would go stale."""
    for operations in scripts[0].upgrade_ops, scripts[0].downgrade_ops:
        for operation in operations.ops if operations else ():
            if isinstance(operation, CreateTableOp):
                operation.info = {}


OPTIONS = {
    "target_metadata": metadata,
    "render_item": render_type,
    "process_revision_directives": leave_out_declarations,
    **migrate.configure_args,
}


def run_offline() -> None:
    context.configure(url=engine.url, literal_binds=True, dialect_name=engine.dialect.name, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    with engine.connect().execution_options(writes=True) as connection:
        set_foreign_keys(connection, "OFF")
        try:
            context.configure(connection=connection, **OPTIONS)
            with context.begin_transaction():
                context.run_migrations()
        finally:
            set_foreign_keys(connection, "ON")


if context.is_offline_mode():
    run_offline()
else:
    run_online()
