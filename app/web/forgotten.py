"""A forgotten password is replaced by a link in a mail. Whoever asks learns nothing about who has an account."""

from flask import Blueprint, flash, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import resets
from app.extensions import limiter
from app.models import Wish
from app.web import mailed_links
from app.web.auth_forms import ForgottenForm, ForgottenPasswordForm
from app.web.guessing import typed_account
from app.web.mailed_links import Link

bp = Blueprint("forgotten", __name__, url_prefix="/forgotten")

_LINK = Link(
    Wish.PASSWORD,
    key="reset_token",
    asking="auth/forgotten.html",
    sent="auth/forgotten_sent.html",
    opening="auth/forgotten_link.html",
    choosing="auth/new_password.html",
    gone="auth/forgotten_gone.html",
)


@bp.route("", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
@limiter.limit(f"{resets.ASKED_AN_HOUR} per hour", methods=["POST"], key_func=typed_account)
def ask() -> ResponseReturnValue:
    return mailed_links.ask(_LINK, ForgottenForm())


@bp.route("/link", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def open_link() -> ResponseReturnValue:
    return mailed_links.open_link(_LINK, following="forgotten.choose")


@bp.route("/new-password", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def choose() -> ResponseReturnValue:
    form = ForgottenPasswordForm()

    def use(token: str) -> ResponseReturnValue | None:
        if not resets.use(token, form.password.data or ""):
            return None
        session.clear()
        flash(_("Your password is changed. Sign in with it."), "ok")
        return redirect(url_for("auth.sign_in"), 303)

    return mailed_links.follow(_LINK, form, use)
