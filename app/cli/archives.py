"""`flask archives …`: what an operator does with archives from the terminal."""

import time
from typing import Any

import click
from flask.cli import AppGroup
from kombu.exceptions import OperationalError

from app.archives import reconciling, service
from app.archives.allowance import NotYetError
from app.archives.choices import ChoiceError, Choices, is_of
from app.cli.accounts import load_user
from app.cli.choices import choice_options, read_choices
from app.engine.progress import TOTAL
from app.extensions import db
from app.models import Archive, State, User
from app.tasks import generate_user_archive

archives = AppGroup("archives", help="Archives of people's data.")

PAUSE = 0.5
"""Seconds between two looks at the row."""


@archives.command("request")
@click.option("--user", "email", required=True, help="E-mail address of the person.")
@choice_options
@click.option("--beyond-limit", is_flag=True, help="Even if the person has asked for as many as they may in a day.")
@click.option("--wait", is_flag=True, help="Show progress until the archive is ready, and then where its files are.")
def request(email: str, beyond_limit: bool, wait: bool, **chosen: Any) -> None:
    """Ask for somebody's archive, as if they had clicked."""
    user = load_user(email)
    choices = read_choices(chosen)
    archive_id, is_new = _request(user, choices, beyond_limit=beyond_limit)
    _ring(user.id)
    archive = _load(user, archive_id)
    said = "is requested" if is_new else "is being made already"
    if not is_of(archive, choices, user):
        said += ", with other choices; these were not requested"
    click.echo(f"Archive {archive.reference} {said}.")
    if wait:
        _watch(user, archive_id)


def _request(user: User, choices: Choices, *, beyond_limit: bool) -> tuple[str, bool]:
    ask = service.request_beyond_limit if beyond_limit else service.request_archive
    try:
        return ask(user.id, choices)
    except ChoiceError as error:
        raise click.BadParameter(str(error), param_hint=f"--{error.field}") from error
    except NotYetError as error:
        when = error.next_at.isoformat(sep=" ", timespec="minutes")
        raise click.ClickException(
            f"{user.email} has asked for as many archives as anybody may in a day (ARCHIVES_PER_DAY), "
            f"and may again at {when}. --beyond-limit asks for one all the same."
        ) from error


@archives.command("list")
@click.option("--user", "email", required=True, help="E-mail address of the person.")
def list_(email: str) -> None:
    """Somebody's archives, the newest first, and where the files of those that are ready lie."""
    for archive in service.list_archives(load_user(email).id):
        when = archive.created_at.isoformat(sep=" ", timespec="minutes")
        click.echo(f"{archive.reference}  {when}  {archive.state.value:<9}  {_facts(archive):>20}")
        if archive.state == State.READY:
            for place in service.places_of(archive):
                click.echo(f"  {place}")


def _facts(archive: Archive) -> str:
    return _awaited(archive) or (f"{archive.size:,} bytes" if archive.size else archive.error or "")


def _awaited(archive: Archive) -> str:
    """What it waits for; empty: nothing but its turn."""
    if archive.waits_for_storage:
        return "waiting for storage"
    return "waiting for space" if archive.waits_for_space else ""


@archives.command("reconcile")
def reconcile() -> None:
    """Compare rows, leases and files now, as beat does every 15 seconds."""
    people = reconciling.reconcile()
    for user_id in people:
        _ring(user_id)
    click.echo(f"Rang for {len(people)} {'person' if len(people) == 1 else 'people'}.")


def _ring(user_id: str) -> None:
    try:
        generate_user_archive.delay(user_id)
    except OperationalError as error:
        click.echo(f"The broker cannot be reached ({error}). The request is kept; beat rings again.", err=True)


def _load(user: User, archive_id: str) -> Archive:
    archive = service.find_archive(user.id, archive_id)
    db.session.commit()  # on SQLite an open read would show the same moment for ever
    if archive is None:
        raise click.ClickException("The archive is gone: was the account deleted meanwhile?")
    return archive


def _watch(user: User, archive_id: str) -> None:
    archive = _load(user, archive_id)
    with click.progressbar(length=TOTAL, label="waiting to start", width=30) as bar:
        while archive.is_active:
            bar.label = _awaited(archive) or archive.step or "waiting to start"
            bar.update(max(0, archive.done - bar.pos))
            time.sleep(PAUSE)
            archive = _load(user, archive_id)
        if archive.state == State.READY:
            bar.label = "ready"
            bar.update(TOTAL - bar.pos)
    if archive.state != State.READY:
        raise click.ClickException(f"Archive {archive.reference} is {archive.state.value}: {archive.error or '-'}")
    click.echo(f"{archive.row_count:,} rows, {archive.size:,} bytes, {archive.gap_count} items missing.")
    for place in service.places_of(archive):
        click.echo(place)
