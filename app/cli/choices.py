"""The options by which an operator chooses what an archive shall hold, as the person could on the page."""

from collections.abc import Callable
from typing import Any

import click

from app.archives.choices import EVERYTHING, FORMATS, Choices
from app.cli.part_size import PartSize

_DAY = click.DateTime(["%Y-%m-%d"])
_OPTIONS = (
    click.option("--without", multiple=True, metavar="CATEGORY", help="Leave this out, such as comment; repeatable."),
    click.option("--since", type=_DAY, metavar="DAY", help="Leave out what is dated before, such as 2020-01-31."),
    click.option("--until", type=_DAY, metavar="DAY", help="Leave out what is dated after that day."),
    click.option("--no-files", is_flag=True, help="Leave out the pictures and files themselves; their rows stay."),
    click.option(
        "--format", "formats", multiple=True, type=click.Choice(FORMATS), help="Repeatable. Unset: all; JSON always."
    ),
    click.option("--part-size", type=PartSize(), help="How large each file may be, such as 2GB. Unset: one file."),
)


def choice_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_choices(given: dict[str, Any]) -> Choices:
    """What was typed."""
    return Choices(
        without=frozenset(given["without"]),
        since=given["since"] and given["since"].date(),
        until=given["until"] and given["until"].date(),
        files=not given["no_files"],
        formats=frozenset(given["formats"]) or EVERYTHING.formats,
        part_size=given["part_size"],
    )
