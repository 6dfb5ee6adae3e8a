"""Other sites cannot send our forms for the person: a browser says whose page made it send one, and no page can lie.

This stands beside the token in each form, and guards those without one. Programs such as curl say nothing, and may.
"""

from flask import Flask, abort, request

from app.extensions import SAFE_METHODS

_FOREIGN = frozenset({"cross-site", "same-site"})
"""Also a neighbour: another host of the same domain is not ours to vouch for."""


def init_app(app: Flask) -> None:
    app.before_request(refuse_foreign_forms)


def refuse_foreign_forms() -> None:
    if request.method not in SAFE_METHODS and request.headers.get("Sec-Fetch-Site") in _FOREIGN:
        abort(400)
