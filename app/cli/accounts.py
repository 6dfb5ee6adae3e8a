"""Finds the person that an operator names, and has what is done to them recorded as the operator's."""

import click

from app import audit
from app.accounts.people import find_user
from app.extensions import db
from app.models import User


def load_user(email: str) -> User:
    audit.act_as(audit.OPERATOR)
    user = find_user(email)
    db.session.commit()  # whatever comes next may take its time, or write
    if user is None:
        raise click.ClickException(f"There is no account of {email}. Make one: flask users create {email}")
    return user
