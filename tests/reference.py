"""`make reference` writes docs/reference.md from the code; a test says when that was forgotten."""

import inspect
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from flask import Flask

from app import create_app
from app.config import AS_THEY_ARE, SETTINGS, Setting
from app.engine import register

REFERENCE = Path(__file__).parents[1] / "docs" / "reference.md"
COMMANDS = ("archives", "audit", "journal", "serve", "users")
DECLARATIONS: tuple[tuple[str, tuple[Callable[..., Any], ...]], ...] = (
    ("Of a table", (register.subject, register.owned, register.reference, register.excluded)),
    (
        "Of a column",
        (
            register.secret,
            register.internal,
            register.third_party,
            register.words,
            register.file,
            register.deletion_mark,
            register.harmless,
        ),
    ),
)


def write(app: Flask) -> str:
    """The whole page."""
    sections = (
        _INTRODUCTION,
        _SETTINGS,
        "\n".join(_settings()),
        _COMMANDS,
        *(_command(["flask", name], app.cli.commands[name]) for name in COMMANDS),
        _DECLARATIONS,
        *(f"### {title}\n\n{''.join(map(_declaration, functions))}".rstrip() for title, functions in DECLARATIONS),
    )
    return "\n\n".join(sections) + "\n"


def _settings() -> Iterator[str]:
    yield "| name in the environment | default | what for |\n|---|---|---|"
    for setting in SETTINGS:
        prefix = "" if setting.name in AS_THEY_ARE else "FLASK_"
        yield f"| `{prefix}{setting.name}` | {_default(setting)} | {setting.reason} |"


def _default(setting: Setting) -> str:
    return "–" if setting.default is None else f"`{json.dumps(setting.default)}`"


def _command(words: list[str], command: click.Command) -> str:
    """A group is its commands; a command is how it is called, what it does, and its options."""
    if isinstance(command, click.Group):
        return "\n\n".join(_command([*words, name], command.commands[name]) for name in sorted(command.commands))
    context = click.Context(command, info_name=" ".join(words))
    usage = " ".join([*words, *command.collect_usage_pieces(context)])
    lines = [f"### `{' '.join(words)}`", f"    {usage}", inspect.cleandoc(command.help or "")]
    if options := [_option(each) for each in command.params if isinstance(each, click.Option)]:
        lines.append("\n".join(options))
    return "\n\n".join(lines)


def _option(option: click.Option) -> str:
    takes = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('')))}"
    return f"- `{', '.join(option.opts)}{takes}`: {option.help}"


def _declaration(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    call = signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)
    return f"- `{function.__name__}{call}`: {' '.join((inspect.getdoc(function) or '').split())}\n"


_INTRODUCTION = """# Reference

Every setting, command and declaration. `make reference` writes this page from the code."""
_SETTINGS = """## Settings

They come from the environment. Values are read as JSON where they are JSON: `FLASK_ARCHIVE_KEEP_DAYS=14`, and `null`
for None. Celery's own settings are reached as `FLASK_CELERY__worker_concurrency=4`; `FLASK_INSTANCE_PATH` names the
folder for what this machine keeps. Secrets may be [files](keys.md#files-of-a-secrets-manager) instead.
[Production](production.md) says which ones you need."""
_COMMANDS = """## Commands

Each also answers `--help`. `flask db …` is Flask-Migrate's; `flask db upgrade` is the one you need."""
_DECLARATIONS = """## Declarations

They stand in `Table.info` and `Column.info`, and come from `app.engine.register`. `flask archives check` names what is
not declared."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        REFERENCE.write_text(write(create_app({"INSTANCE_PATH": folder})))
    sys.stdout.write(f"{REFERENCE.name} is written\n")


if __name__ == "__main__":
    main()
