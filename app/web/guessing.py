"""How often somebody may guess a password: failures are counted by account and by network, for all web processes.

Nobody can lock a person out from elsewhere. Failures from one network refuse that network only; those from all
together refuse only networks from which nobody has signed in to this account before. Accounts that do not exist are
counted alike, so that a refusal tells nothing.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from app.accounts import sign_ins
from app.accounts.people import normalize_email
from app.extensions import client_network, db, find_network, limiter
from app.words.text import clean_address

_View = Callable[..., Any]
_IN_ONE_NETWORK = "10 per hour"
_IN_STRANGE_NETWORKS = "100 per hour"
"""NIST SP 800-63B-4 allows a hundred failures in a row."""
_NOWHERE = "2001:db8::1"
"""An address that stands for none."""


def limit_sign_ins(view: _View) -> _View:
    """For a form with the fields `email` and `password`."""
    limit = partial(limiter.limit, methods=["POST"], deduct_when=_has_failed)
    anywhere = limit(_IN_STRANGE_NETWORKS, key_func=typed_account, exempt_when=_is_familiar)
    here = limit(_IN_ONE_NETWORK, key_func=_account_and_network)
    guarded: _View = limiter.limit("10 per minute", methods=["POST"])(here(anywhere(view)))
    return guarded


def limit_confirmations(view: _View) -> _View:
    """For a form that asks a signed-in person again: whoever has copied a cookie must not guess for long."""
    here = limiter.shared_limit(
        _IN_ONE_NETWORK, "confirmations", key_func=_session, methods=["POST"], deduct_when=_has_failed
    )
    guarded: _View = limiter.limit("10 per minute", methods=["POST"])(here(view))
    return guarded


def _has_failed(response: Response) -> bool:
    return response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def typed_account() -> str:
    """Of the address as the form reads it, whether there is such an account or not; Redis does not learn it."""
    return hashlib.sha256(_typed_email().encode("utf-8", "replace")).hexdigest()


def _typed_email() -> str:
    """Cleaned as the form's field is: signs that nobody sees would else make another account of each try."""
    return normalize_email(clean_address(request.form.get("email")))


def _account_and_network() -> str:
    return f"{typed_account()} {client_network()}"


def _session() -> str:
    return str(g.known.sign_in.id)


def _is_familiar() -> bool:
    if request.method != "POST":
        return True
    try:
        past = sign_ins.past_addresses(_typed_email())
        db.session.commit()  # no lock is held while Redis is asked
    except SQLAlchemyError:  # the limiter would take it for a dead Redis; the page itself says what is wrong
        db.session.rollback()
        return False
    filled = [*past, *[_NOWHERE] * (sign_ins.MOST_ADDRESSES - len(past))]  # as much to do for every account
    return client_network() in [find_network(address) for address in filled][: len(past)]
