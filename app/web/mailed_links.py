"""Links that are asked for and come by mail: what signing up and a forgotten password have in common.

The token moves from the address into the session at once: it does not stay in the history, no page that follows has it
in its address, and a log of paths never holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from app.accounts import resets
from app.models import Wish
from app.web.auth_forms import AddressForm, FinishForm, ForgottenForm, ForgottenPasswordForm
from app.web.origin import read_origin


@dataclass(frozen=True)
class Link:
    """What it is for, the session's key that holds its token, and the templates of its pages."""

    wish: Wish
    key: str
    asking: str
    sent: str
    choosing: str
    gone: str


def ask(link: Link, form: AddressForm | ForgottenForm) -> ResponseReturnValue:
    """The page where an address is typed. It says and does the same for every address."""
    if form.validate_on_submit():
        resets.ask(form.email.data or "", wish=link.wish, locale=str(get_locale()), **read_origin())
        return render_template(link.sent, minutes=resets.VALID_SECONDS // 60)
    return render_template(link.asking, form=form), 422 if form.errors else 200


def follow(
    link: Link, form: FinishForm | ForgottenPasswordForm, use: Callable[[str], ResponseReturnValue | None]
) -> ResponseReturnValue:
    """The page that it leads to. `use`: what the token does; None when somebody else was faster by a moment."""
    if "token" in request.args:
        session[link.key] = request.args["token"]
        return redirect(url_for(str(request.endpoint)), 303)
    token = session.get(link.key, "")
    form.person = resets.find(token, link.wish)
    if form.person is None:
        return _say_gone(link)
    if form.validate_on_submit():
        return use(token) or _say_gone(link)
    return render_template(link.choosing, form=form, email=form.person.email), 422 if form.errors else 200


def _say_gone(link: Link) -> ResponseReturnValue:
    return render_template(link.gone), 410
