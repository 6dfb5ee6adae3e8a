"""Links that are asked for and come by mail: what signing up and a forgotten password have in common.

A link has its token in the fragment, which browsers send to nobody: so it stands in no log, of whichever program. The
page hands it over in a form, and from there on the session holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from app.accounts import resets
from app.models import Wish
from app.web.auth_forms import AddressForm, FinishForm, ForgottenForm, ForgottenPasswordForm, LinkForm
from app.web.origin import read_origin


@dataclass(frozen=True)
class Link:
    """What it is for, the session's key that holds its token, and the templates of its pages."""

    wish: Wish
    key: str
    asking: str
    sent: str
    opening: str
    choosing: str
    gone: str


def ask(link: Link, form: AddressForm | ForgottenForm) -> ResponseReturnValue:
    """The page where an address is typed. It says and does the same for every address."""
    if form.validate_on_submit():
        resets.ask(form.email.data or "", wish=link.wish, locale=str(get_locale()), **read_origin())
        return render_template(link.sent, minutes=resets.VALID_SECONDS // 60)
    return render_template(link.asking, form=form), 422 if form.errors else 200


def open_link(link: Link, following: str) -> ResponseReturnValue:
    """The page that it leads to. `following`: the endpoint of the next one, where the token is used."""
    form = LinkForm()
    if not form.validate_on_submit():
        return render_template(link.opening, form=form), 422 if form.errors else 200
    token = form.code.data or ""
    if resets.find(token, link.wish) is None:
        return _say_gone(link)
    session[link.key] = token
    return redirect(url_for(following), 303)


def follow(
    link: Link, form: FinishForm | ForgottenPasswordForm, use: Callable[[str], ResponseReturnValue | None]
) -> ResponseReturnValue:
    """The page after that. `use`: what the token does; None when somebody else was faster by a moment."""
    token = session.get(link.key, "")
    form.person = resets.find(token, link.wish)
    if form.person is None:
        return _say_gone(link)
    if form.validate_on_submit():
        return use(token) or _say_gone(link)
    return render_template(link.choosing, form=form, email=form.person.email), 422 if form.errors else 200


def _say_gone(link: Link) -> ResponseReturnValue:
    return render_template(link.gone), 410
