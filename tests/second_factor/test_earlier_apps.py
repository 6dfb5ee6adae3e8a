"""Second factors from before the hash was noted make codes by SHA-1, and go on."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from app.accounts.second_factor import checking, totp
from app.extensions import db
from app.models import SecondFactor, User
from tests.databases import move
from tests.second_factor.factor import forget_step, switch_on


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


def test_codes_by_sha1_go_on(app: Flask, ann: User, bob: User) -> None:
    """Who was just setting one up has scanned a code that named SHA-1, and begins anew."""
    factor = switch_on(ann)
    bobs = switch_on(bob)
    ann_id, bob_id = ann.id, bob.id
    move(downgrade, "0014")
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        half = "UPDATE second_factor SET switched_on_at = NULL WHERE user_id = :whose"
        bound = sa.text(half).bindparams(sa.bindparam("whose", type_=SecondFactor.user_id.type))
        connection.execute(bound, {"whose": bob_id})
    move(upgrade, "head")
    assert db.session.scalars(sa.select(SecondFactor.user_id)).all() == [ann_id]
    checking.accept(ann_id, factor._replace(hash_name=totp.LEGACY).code())
    forget_step(db.session.get_one(User, ann_id))
    for other in (factor, bobs):
        with pytest.raises(checking.WrongCodeError):
            checking.accept(ann_id, other.code())
