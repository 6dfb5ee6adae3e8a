"""Finds the person that an operator names, and has what is done to them recorded as the operator's."""

import click

from app import audit
from app.models import User
from app.people import find_user


def load_user(email: str) -> User:
    audit.act_as(audit.OPERATOR)
    user = find_user(email)
    if user is None:
        raise click.ClickException(f"There is no account of {email}. Make one: flask users create {email}")
    return user
