"""The door for operators: `flask archives …`, `audit …`, `db …`, `journal …`, `users …`, and `flask serve`."""

from flask import Flask

from app.cli import archives, audit, journal, migrations, register, serve, users, verify


def init_app(app: Flask) -> None:
    """Register every command."""
    app.cli.add_command(serve.serve)
    app.cli.add_command(archives.archives)
    archives.archives.add_command(register.check)
    archives.archives.add_command(register.plan)
    archives.archives.add_command(verify.verify)
    app.cli.add_command(audit.group)
    app.cli.add_command(migrations.migrations)
    app.cli.add_command(users.users)
    app.cli.add_command(journal.journal)
