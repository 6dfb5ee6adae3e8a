"""The database commits an entry and cannot say so: its files stay. Without the row, the sweeper takes them."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.journal import attachments
from app.journal.attachments import stored
from app.journal.entries import Draft, add_entry
from app.models import Attachment, Entry, User
from tests.databases import cut_connections
from tests.journal.test_quota import file
from tests.journal.test_sweeping import make_old, names
from tests.programs import wait_until


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    return postgresql_settings


def hear_no_more() -> None:
    """What the session sends still arrives; its answer does not."""
    driver: Any = db.session.connection().connection.driver_connection
    with socket.socket(fileno=os.dup(driver.fileno())) as line:
        line.shutdown(socket.SHUT_RD)


def add(author: User, *, before_commit: Any) -> str:
    """The file's name."""
    with pytest.raises(OperationalError), stored([file(10)], author.id) as rows:  # noqa: PT012  # the commit fails
        db.session.add(Entry(author_id=author.id, title="One", body="", attachments=rows))
        db.session.flush()
        name = rows[0].stored_name
        before_commit()
        db.session.commit()
    return name


def named() -> list[str]:
    try:
        return list(db.session.scalars(sa.select(Attachment.stored_name)))
    finally:
        db.session.commit()


def test_a_picture_whose_row_was_committed_stays(app: Flask, ann: User) -> None:
    name = add(ann, before_commit=hear_no_more)
    wait_until(lambda: named() == [name], what="the row")
    make_old(app)
    attachments.sweep_uploads()
    assert names(app) == {name}


def test_one_whose_row_was_not_goes_after_a_day(app: Flask, ann: User, settings: dict[str, Any]) -> None:
    """The control: whoever fails is told the same."""
    (kept,) = (each.stored_name for each in add_entry(ann.id, Draft("Two", ""), [file(20)]).attachments)
    name = add(ann, before_commit=lambda: cut_connections(settings["DATABASE_URL"]))
    assert named() == [kept]
    attachments.sweep_uploads()
    assert names(app) == {kept, name}
    make_old(app)
    attachments.sweep_uploads()
    assert names(app) == {kept}


def test_of_what_the_database_refuses_nothing_stays(app: Flask, ann: User) -> None:
    folder = Path(app.config["UPLOAD_DIR"])
    with pytest.raises(sa.exc.IntegrityError), stored([file(10)], ann.id) as rows:  # noqa: PT012  # the commit fails
        db.session.add_all([*rows])
        db.session.commit()  # of no entry
    assert list(folder.iterdir()) == []
