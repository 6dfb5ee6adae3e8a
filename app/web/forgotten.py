"""A forgotten password is replaced by a link in a mail. Whoever asks learns nothing about who has an account.

The link's token moves from the address into the session at once: it does not stay in the history, no page that follows
has it in its address, and a log of paths never holds it.
"""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app import resets
from app.extensions import limiter
from app.models import Wish
from app.web.auth_forms import ForgottenForm, ForgottenPasswordForm
from app.web.guessing import typed_account
from app.web.origin import read_origin

bp = Blueprint("forgotten", __name__, url_prefix="/forgotten")

_TOKEN = "reset_token"  # noqa: S105  # the name of it


@bp.route("", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
@limiter.limit("5 per hour", methods=["POST"], key_func=typed_account)
def ask() -> ResponseReturnValue:
    form = ForgottenForm()
    if form.validate_on_submit():
        resets.ask(form.email.data or "", wish=Wish.PASSWORD, locale=str(get_locale()), **read_origin())
        return render_template("auth/forgotten_sent.html", minutes=resets.VALID_SECONDS // 60)
    return render_template("auth/forgotten.html", form=form), 422 if form.errors else 200


@bp.route("/new-password", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def choose() -> ResponseReturnValue:
    if "token" in request.args:
        session[_TOKEN] = request.args["token"]
        return redirect(url_for(".choose"), 303)
    token = session.get(_TOKEN, "")
    person = resets.find(token)
    if person is None:
        return render_template("auth/forgotten_gone.html"), 410
    form = ForgottenPasswordForm()
    form.person = person
    if form.validate_on_submit() and resets.use(token, form.password.data or ""):
        session.clear()
        flash(_("Your password is changed. Sign in with it."), "ok")
        return redirect(url_for("auth.sign_in"), 303)
    return render_template("auth/new_password.html", form=form, email=person.email), 422 if form.errors else 200
