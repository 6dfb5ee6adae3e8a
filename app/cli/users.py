"""`flask users …`: adds accounts, locks them, and gives them another password or no second factor."""

import sys

import click
from flask import current_app
from flask.cli import AppGroup

from app import audit
from app.accounts import credentials
from app.accounts.passwords import PASSWORD_MAX, PASSWORD_MIN, find_weakness, least_length
from app.accounts.people import NAME_MAX, EmailTakenError, create_user, time_zones
from app.accounts.second_factor import checking, setting_up
from app.cli.accounts import load_user
from app.extensions import db
from app.words.languages import list_locale_codes
from app.words.text import clean_line

users = AppGroup("users", help="Accounts of people.")


def check_email(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    # Its expressions take a thirtieth of a second to compile, in every process that knows this command.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise click.BadParameter(str(error)) from error


def check_time_zone(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value not in time_zones():
        raise click.BadParameter("This is not a time zone; write it like UTC or Asia/Ho_Chi_Minh.")
    return value


def check_name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    name = clean_line(value)
    if len(name) > NAME_MAX:
        raise click.BadParameter(f"A name may have at most {NAME_MAX} characters.")
    return name


@users.command("create")
@click.argument("email", callback=check_email)
@click.option("--name", default="", callback=check_name, help="What others see.  [default: the part before the @]")
@click.option(
    "--language",
    type=click.Choice(list_locale_codes()),
    default="en",
    show_default=True,
    help="Of pages, mails and archives.",
)
@click.option("--time-zone", default="UTC", show_default=True, callback=check_time_zone, help="Of times.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, without asking twice.")
def create(email: str, name: str, language: str, time_zone: str, password_stdin: bool) -> None:
    """Add an account that can sign in with EMAIL and a password."""
    password = _read_password(password_stdin, [name, email])
    audit.act_as(audit.OPERATOR)
    try:
        user = create_user(email, password, name=name, language=language, time_zone=time_zone)
    except EmailTakenError as error:
        raise click.ClickException(f"{email} has an account already.") from error
    click.echo(f"Added {user.name} <{user.email}>.")


@users.command("lock")
@click.argument("email")
def lock(email: str) -> None:
    """Nobody can sign in to EMAIL's account any more, and whoever has is signed out. Nothing is deleted."""
    user = load_user(email)
    credentials.change_password(user, None)
    click.echo(f"Locked {email}. Another password opens it again: flask users password {email}")


@users.command("password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, without asking twice.")
def set_password(email: str, password_stdin: bool) -> None:
    """Give EMAIL's account another password; a locked one is open again."""
    user = load_user(email)
    least = least_length(has_second_factor=checking.is_on(user.id))
    credentials.change_password(user, _read_password(password_stdin, [user.name, user.email], least))
    click.echo(f"{email} has another password, and is signed out everywhere.")


@users.command("drop-factor")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, without asking twice.")
def drop_factor(email: str, password_stdin: bool) -> None:
    """Take the second factor from EMAIL's account, for somebody who lost the app and every recovery code.

    Make sure that it is them. The account gets another password: the old one may be too short to be enough alone.
    """
    user = load_user(email)
    password = _read_password(password_stdin, [user.name, user.email])
    credentials.change_password(user, password, drop_factor=True)
    click.echo(f"{email} signs in with the new password alone, and is signed out everywhere.")


@users.command("reseal")
def reseal() -> None:
    """Encrypt the secrets of all second factors with the present SECRET_KEY; the earlier keys can go afterwards."""
    done, unreadable = setting_up.reseal()
    click.echo(f"Sealed {done} with the present SECRET_KEY.")
    if unreadable:
        raise click.ClickException(
            f"{unreadable} cannot be read: name the key that they were sealed with in FLASK_SECRET_KEY_FALLBACKS, "
            "as a JSON list. Until then only recovery codes work for them."
        )


def _read_password(from_stdin: bool, about_owner: list[str | None], least: int = PASSWORD_MIN) -> str:
    db.session.commit()  # an operator takes time to type; no read stays open meanwhile
    rule = f"{least} to {PASSWORD_MAX} characters; four or five words that only you would put together will do"
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt(f"Password ({rule})", hide_input=True, confirmation_prompt=True)
    if not least <= len(password) <= PASSWORD_MAX:
        raise click.ClickException(f"This password has {len(password)} characters. It needs {rule}.")
    about = [*about_owner, current_app.config["SITE_NAME"]]
    if weakness := find_weakness(password, about, breached=current_app.config["BREACHED_PASSWORDS"]):
        raise click.ClickException(weakness)
    return password
