"""`flask archives verify`: whether files are a whole archive, and whose. They may come from anywhere."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from app.archives import keys
from app.cli.terminal import tame
from app.engine.verify import Expected, VerificationError, verify_archive


@click.command("verify")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--public-key", metavar="FILE|KEY", help="The minisign key that must have signed; unset, one of this site's."
)
@click.option("--person", "person_id", metavar="ID", help="The id of the person that the archive must be about.")
@with_appcontext
def verify(files: tuple[Path, ...], public_key: str | None, person_id: str | None) -> None:
    """Check an archive, and say in words what was checked and what is wrong.

    Of an archive in parts, give all of them, in any order. Of some, what can be said is said.
    """
    known = keys.known_public_keys() if public_key is None else [_read_key(public_key)]
    expected = Expected(person_id, known, signed=public_key is not None)
    names = ", ".join(tame(file.name) for file in files)
    try:
        missing = verify_archive(files, expected, say=lambda finding: click.echo(f"ok     {tame(finding)}"))
    except VerificationError as error:
        for problem in error.problems:
            click.echo(f"WRONG  {tame(problem)}", err=True)
        raise click.ClickException(f"{names} must not be trusted.") from error
    if missing:
        click.echo(f"Nothing is wrong with {names}. The archive is whole only with {tame(', '.join(missing))}.")
    else:
        click.echo(f"{names}: the archive is whole.")


def _read_key(text: str) -> str:
    """What was given: the name of a key file, or the key itself."""
    path = Path(text)
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else text
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read as a key file: {error}") from error
