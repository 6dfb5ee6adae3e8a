"""Who may enter which page: one table, and the gate that reads it. A page that is not in the table stops the start.

What a person may see of a page's content is decided where it is loaded: `WHERE id = … AND user_id = …`.
"""

import enum
from typing import Any

from flask import Flask, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from app.accounts.second_factor import checking
from app.extensions import login_manager
from app.web.half_session import find_half_session
from app.web.typed import typed_text


class Access(enum.Enum):
    """From the widest to the narrowest."""

    ANYONE = enum.auto()
    HALF_SIGNED_IN = enum.auto()
    """The password was right, and the code of the second factor is to come."""
    SIGNED_IN = enum.auto()
    CONFIRMED = enum.auto()
    """Signed in, and the password or a code was given of late: a cookie that somebody has copied is not enough."""
    CONFIRMED_FOR_THIS = enum.auto()
    """The same, and it was given for this page, whatever was confirmed before: by what is done here, somebody with a
    cookie that was copied soon after signing in could shut out its owner."""


POLICY = {
    "static": Access.ANYONE,
    "shared.static": Access.ANYONE,
    "health.check": Access.ANYONE,
    "health.inspect": Access.ANYONE,
    "description.show": Access.ANYONE,
    "keys.public_key": Access.ANYONE,
    "home.index": Access.ANYONE,
    "language.choose": Access.ANYONE,
    "auth.sign_up": Access.ANYONE,
    "auth.open_sign_up_link": Access.ANYONE,
    "auth.finish_sign_up": Access.ANYONE,
    "auth.sign_in": Access.ANYONE,
    "auth.sign_out": Access.ANYONE,
    "auth.code": Access.HALF_SIGNED_IN,
    "confirm.index": Access.SIGNED_IN,
    "forgotten.ask": Access.ANYONE,
    "forgotten.open_link": Access.ANYONE,
    "forgotten.choose": Access.ANYONE,
    "settings.index": Access.SIGNED_IN,
    "settings.password": Access.SIGNED_IN,
    "settings.activity": Access.SIGNED_IN,
    "settings.end_sign_in": Access.CONFIRMED,
    "settings.end_other_sign_ins": Access.CONFIRMED,
    "second_factor.set_up": Access.CONFIRMED_FOR_THIS,
    "second_factor.qr": Access.CONFIRMED_FOR_THIS,
    "second_factor.renew": Access.SIGNED_IN,  # these two ask for a code themselves, and each is accepted once
    "second_factor.switch_off": Access.SIGNED_IN,
    "journal.index": Access.SIGNED_IN,
    "journal.new": Access.SIGNED_IN,
    "journal.show": Access.SIGNED_IN,
    "journal.edit": Access.SIGNED_IN,
    "journal.delete": Access.SIGNED_IN,
    "comments.add": Access.SIGNED_IN,
    "comments.delete": Access.SIGNED_IN,
    "files.show": Access.SIGNED_IN,
    "files.describe": Access.SIGNED_IN,
    "files.remove": Access.SIGNED_IN,
    "your_data.index": Access.SIGNED_IN,
    "archives.index": Access.SIGNED_IN,
    "archives.new": Access.SIGNED_IN,
    "archives.estimate": Access.SIGNED_IN,
    "archives.create": Access.CONFIRMED,
    "archives.again": Access.CONFIRMED,
    "archives.show": Access.SIGNED_IN,
    "archives.status": Access.SIGNED_IN,
    "archives.download": Access.CONFIRMED,
    "archives.cancel": Access.SIGNED_IN,
    "archives.delete": Access.SIGNED_IN,
    "examples.index": Access.ANYONE,
    "examples.add": Access.ANYONE,
    "examples.wait": Access.ANYONE,
    "examples.count": Access.ANYONE,
    "examples.result": Access.ANYONE,
}
WAYS_BACK = {
    "archives.download": ("archives.show", {"begin": 1}),
    "second_factor.set_up": ("second_factor.set_up", {}),
    "second_factor.qr": ("second_factor.set_up", {}),
    "settings.end_sign_in": ("settings.index", {}),
    "settings.end_other_sign_ins": ("settings.index", {}),
}
"""The page where people go on, and what it is told, for those that need a confirmation."""
DEEDS = {
    "archives.create": ("category", "since", "until", "files", "format", "part_size", "instead_of"),
    "archives.again": ("archive_id",),
}
"""What the page that confirms does by itself, and the fields of its form."""
FORM_PAGES = {"archives.create": "archives.new", "archives.new": "archives.new"}
"""Where the form of a deed is filled in, by those who had to sign in again before it was sent, or sent it too late."""


class UndeclaredPageError(RuntimeError):
    """Nobody has said who may enter it."""


def init_app(app: Flask) -> None:
    app.before_request(admit)


def check_policy(app: Flask) -> None:
    """Once every page is registered. Raises UndeclaredPageError."""
    undeclared = {rule.endpoint for rule in app.url_map.iter_rules()} - POLICY.keys()
    if undeclared:
        lines = "".join(f'\n    "{endpoint}": Access.…,' for endpoint in sorted(undeclared))
        raise UndeclaredPageError(f"Say in POLICY of app/web/policy.py who may enter:{lines}")
    confirmed = {endpoint for endpoint, access in POLICY.items() if access is Access.CONFIRMED}
    for_this = {endpoint for endpoint, access in POLICY.items() if access is Access.CONFIRMED_FOR_THIS}
    if lost := (confirmed - WAYS_BACK.keys() - DEEDS.keys()) | (for_this - WAYS_BACK.keys()):
        names = ", ".join(sorted(lost))
        raise UndeclaredPageError(f"Say in WAYS_BACK or DEEDS of app/web/policy.py what follows: {names}")


def admit() -> ResponseReturnValue | None:
    """Before every request. None: come in."""
    if "\0" in request.path:
        abort(404)  # nothing has such an address, and PostgreSQL cannot even be asked for it
    if not _is_readable(request.query_string):
        abort(400)
    access = Access.ANYONE if request.endpoint is None else POLICY.get(request.endpoint)
    if access is None:
        abort(403)
    if access is Access.ANYONE:
        return None
    if access is Access.HALF_SIGNED_IN:
        g.half_session = find_half_session()
        return None if g.half_session else redirect(url_for("auth.sign_in"))
    if not current_user.is_authenticated:
        refused: ResponseReturnValue = login_manager.unauthorized()
        return refused
    if _lacks_factor(request.endpoint or ""):
        return _ask_for_factor()
    if access in _NEEDS_CONFIRMATION and not _is_confirmed(access, request.endpoint or ""):
        return _ask_to_confirm(request.endpoint or "")
    return None


def is_admitted() -> bool:
    """For handlers of errors, which may answer before the gate was reached."""
    try:
        return admit() is None
    except HTTPException:
        return False


def _is_readable(query: bytes) -> bool:
    try:
        query.decode()
    except UnicodeDecodeError:
        return False
    return True


def _lacks_factor(endpoint: str) -> bool:
    """Where the site requires one, only setting it up is open before: nothing that a confirmation does by itself."""
    if not current_app.config["SECOND_FACTOR_REQUIRED"]:
        return False
    is_open = endpoint in _TO_SET_UP and request.args.get("deed") not in DEEDS
    return not is_open and not checking.is_on(current_user.id)


def _ask_for_factor() -> ResponseReturnValue:
    """Whoever was writing when the site began to require it finds the text."""
    if typed := typed_text():
        title, advice = _("Set up a second factor"), _("This site asks everybody for one, before anything else.")
        return render_template("error.html", title=title, advice=advice, typed=typed), 403
    return redirect(url_for("second_factor.set_up"))


_TO_SET_UP = {"confirm.index", "second_factor.set_up", "second_factor.qr"}
_NEEDS_CONFIRMATION = {Access.CONFIRMED, Access.CONFIRMED_FOR_THIS}
_CONFIRMED_FOR = "confirmed_for"


def _is_confirmed(access: Access, endpoint: str) -> bool:
    if access is Access.CONFIRMED_FOR_THIS and session.get(_CONFIRMED_FOR) != WAYS_BACK[endpoint][0]:
        return False
    return bool(g.known.is_confirmed)


def note_confirmation(deed: str) -> None:
    """For what the password or code was just given. It lies in the cookie, beside the token that is new since then:
    a cookie copied before has neither.
    """
    if deed in WAYS_BACK:
        session[_CONFIRMED_FOR] = WAYS_BACK[deed][0]


def _ask_to_confirm(endpoint: str) -> ResponseReturnValue:
    """What was chosen in a form goes along."""
    if endpoint in DEEDS:
        return redirect(url_for("confirm.index", deed=endpoint, **read_chosen(endpoint, request.form)), 303)
    page, given = WAYS_BACK[endpoint]
    arguments = dict(request.view_args or {})
    told = {name: arguments.pop("number", default) for name, default in given.items()}
    return redirect(url_for("confirm.index", deed=endpoint, next=url_for(page, **arguments, **told)), 303)


def read_chosen(deed: str, given: MultiDict[str, str]) -> dict[str, Any]:
    """What a form or an address has of a deed's fields, each as often as it is there."""
    fields = DEEDS["archives.create"] if deed == "archives.new" else DEEDS.get(deed, ())  # the form that leads there
    return {name: given.getlist(name) for name in fields if name in given}
