"""`flask audit …`: is the record of what was done whole, and what does it say?"""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import click
from flask.cli import AppGroup

from app import audit
from app.audit import AnchorError, BrokenChainError, Link, Row
from app.cli.accounts import load_user

group = AppGroup("audit", help="The record of what was done, and by whom.")


class Anchor(click.ParamType[Link]):
    name = "number:hmac"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Link:
        number, _, mac = str(value).partition(":")
        if not number.isdecimal() or not mac:
            self.fail("write it as the log does: the row's number, a colon, 64 hexadecimal digits", param, ctx)
        return Link(int(number), mac)


@group.command("verify")
@click.option(
    "--anchor", "anchors", type=Anchor(), multiple=True, help="A place that you have noted, as the log names it."
)
def verify(anchors: tuple[Link, ...]) -> None:
    """Was any row changed, removed, put in, moved, or cut off? Exits 1 and names the first that is wrong."""
    try:
        count = audit.verify(anchors, _show_progress)
    except AnchorError as error:
        raise click.ClickException(f"The audit was not checked: {error}") from error
    except BrokenChainError as error:
        raise click.ClickException(f"The audit is not what was written: {error}") from error
    click.echo(f"The audit is whole: {count:,} {'row' if count == 1 else 'rows'}.")


@group.command("list")
@click.option("--person", metavar="EMAIL|ID", help="Only what was done to them; by id also when they are gone.")
@click.option("--most", default=100, type=click.IntRange(1), show_default=True, help="So many of the newest.")
def list_(person: str | None, most: int) -> None:
    """What was done: when, by whom, what, to whom, with which archive or sign-in, in which sign-in."""
    for row in audit.list_recent(_find_id(person) if person else None, most=most):
        when = row.at.isoformat(sep=" ", timespec="seconds")
        facts = (row.actor, row.what, row.subject_id, row.object_id, row.sign_in_id, row.result)
        click.echo(f"{row.number:>8}  {when}  {'  '.join(fact or '-' for fact in facts)}")


def _find_id(person: str) -> str:
    try:
        return str(UUID(person))
    except ValueError:
        return load_user(person).id


def _show_progress(rows: Iterable[Row], count: int) -> Iterator[Row]:
    with click.progressbar(rows, length=count, label="checking", width=30, hidden=count < LONG) as watched:
        yield from watched


LONG = 10_000
"""Rows; fewer are read in a moment."""
