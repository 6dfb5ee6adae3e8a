"""Finds the person that an operator names."""

import click

from app.models import User
from app.people import find_user


def load_user(email: str) -> User:
    user = find_user(email)
    if user is None:
        raise click.ClickException(f"There is no account of {email}. Make one: flask users create {email}")
    return user
