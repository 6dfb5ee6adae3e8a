"""`flask journal import`: brings a journal in from a file."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app.cli.accounts import load_user
from app.cli.terminal import tame
from app.journal.attachments import Refusal, UploadRefusedError
from app.journal.import_entries import Imported, find_loose_files, import_entries
from app.journal.import_file import ImportFileError, read_lines

_OF_TYPE = {
    Refusal.NO_ENDING,
    Refusal.NOT_ACCEPTED,
    Refusal.WRONG_ENDING,
    Refusal.DISGUISED,
    Refusal.STRANGE,
}

journal = AppGroup("journal", help="Journals of people.")


@journal.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose journal it becomes.")
@click.option(
    "--media",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of pictures and files. Those that no line names go to the first entry.",
)
@click.option("--any-type", is_flag=True, help="Take files whose names do not say what they are, or not truly.")
def import_journal(file: Path, email: str, media: Path | None, *, any_type: bool) -> None:
    """Add the entries of FILE, which holds one JSON object on each line. All are added, or none.

    Running it again adds only what is new.
    """
    user = load_user(email)
    try:
        lines = read_lines(file, media)
        loose = find_loose_files(media, lines, apart_from=file) if media else []
        with click.progressbar(length=len(lines), label="Importing") as bar:
            done = import_entries(user.id, lines, loose, bar.update, any_type=any_type)
    except UploadRefusedError as error:
        rule = ""
        if error.refusal in {Refusal.TOO_LARGE, Refusal.EMPTY}:
            rule = f" A file may have 1 to {current_app.config['UPLOAD_MAX_BYTES']:,} bytes (UPLOAD_MAX_BYTES)."
        if error.refusal in _OF_TYPE:
            rule = " Rename it, or import with --any-type."
        raise click.ClickException(tame(f"{error}{rule} Nothing was imported.")) from error
    except ImportFileError as error:
        raise click.ClickException(tame(str(error))) from error
    _report(done)


def _report(done: Imported) -> None:
    click.echo(f"Added {done.entries:,} entries, {done.comments:,} comments and {done.files:,} files.")
    if done.skipped:
        click.echo(f"{done.skipped:,} entries were there already.")
    if done.loose:
        click.echo(f"No line names {tame(', '.join(done.loose))}: now with the first entry.")
