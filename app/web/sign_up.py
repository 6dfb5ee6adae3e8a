"""A new account. Where mails leave this machine, its address is proven first, and nobody learns who has an account.

A mail with a link goes to whoever has none, and one that says so to whoever has one; the page says the same to both.
Name and password are chosen by whoever follows the link: a stranger cannot choose them for somebody else's address.
Where no mail server is set nobody could follow one, and the account is made at once.
"""

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import people, resets
from app.extensions import client_line, limiter
from app.models import User, Wish
from app.web import mailed_links
from app.web.auth import bp, go_onward, start_session
from app.web.auth_forms import AddressForm, FinishForm, SignUpForm
from app.web.guessing import typed_account
from app.web.mailed_links import Link

_LINK = Link(
    Wish.ACCOUNT,
    key="sign_up_token",
    asking="auth/sign_up_address.html",
    sent="auth/sign_up_sent.html",
    opening="auth/sign_up_link.html",
    choosing="auth/sign_up_finish.html",
    gone="auth/sign_up_gone.html",
)

LEAST_SHARE = 10
"""Links an hour that people of one customer's line may ask for in any case."""


def takes_any_address() -> bool:
    return current_app.config["MAIL_URL"] is None


def _has_no_limit_of_mails() -> bool:
    return takes_any_address() or not current_app.config["SIGN_UP_MAILS_PER_HOUR"]


def _share_of_a_line() -> str:
    """Of the mails that all who ask have together: whoever asks from one place does not use them up."""
    return f"{max(LEAST_SHARE, (current_app.config['SIGN_UP_MAILS_PER_HOUR'] or 0) // 10)} per hour"


@bp.route("/sign-up", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
@limiter.limit(_share_of_a_line, methods=["POST"], key_func=client_line, exempt_when=_has_no_limit_of_mails)
@limiter.limit(
    f"{resets.ASKED_AN_HOUR} per hour", methods=["POST"], key_func=typed_account, exempt_when=takes_any_address
)
def sign_up() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return go_onward()
    return _make_at_once() if takes_any_address() else mailed_links.ask(_LINK, AddressForm())


def _make_at_once() -> ResponseReturnValue:
    form = SignUpForm()
    if form.validate_on_submit():
        try:
            user = people.create_user(
                form.email.data or "",
                form.password.data,
                name=form.name.data or "",
                language=str(get_locale()),
                time_zone=form.time_zone.data,
            )
        except people.EmailTakenError:
            form.email.errors = [_("An account with this e-mail address exists already. Sign in instead.")]
        else:
            return _welcome(user)
    return render_template("auth/sign_up.html", form=form), 422 if form.errors else 200


@bp.route("/sign-up/link", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def open_sign_up_link() -> ResponseReturnValue:
    return mailed_links.open_link(_LINK, following="auth.finish_sign_up")


@bp.route("/sign-up/finish", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def finish_sign_up() -> ResponseReturnValue:
    form = FinishForm()

    def use(token: str) -> ResponseReturnValue | None:
        chosen = {"name": form.name.data or "", "language": str(get_locale()), "time_zone": form.time_zone.data}
        user = resets.finish_account(token, form.password.data or "", **chosen)
        return _welcome(user) if user else None

    return mailed_links.follow(_LINK, form, use)


def _welcome(user: User) -> ResponseReturnValue:
    if not start_session(user):
        return redirect(url_for("auth.sign_in"))
    flash(_("Welcome, %(name)s. This is your journal.", name=user.name), "ok")
    return go_onward()
