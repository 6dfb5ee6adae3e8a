"""A new account. Where mails leave this machine, its address is proven first, and nobody learns who has an account.

A mail with a link goes to whoever has none, and one that says so to whoever has one; the page says the same to both.
Name and password are chosen by whoever follows the link: a stranger cannot choose them for somebody else's address.
Where no mail server is set nobody could follow one, and the account is made at once.
"""

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from app import people, resets
from app.extensions import limiter
from app.models import User, Wish
from app.web.auth import bp, go_onward, start_session
from app.web.auth_forms import AddressForm, FinishForm, SignUpForm
from app.web.guessing import typed_account
from app.web.origin import read_origin

_TOKEN = "sign_up_token"  # noqa: S105  # the name of it


def takes_any_address() -> bool:
    return current_app.config["MAIL_URL"] is None


@bp.route("/sign-up", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
@limiter.limit("5 per hour", methods=["POST"], key_func=typed_account, exempt_when=takes_any_address)
def sign_up() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return go_onward()
    return _make_at_once() if takes_any_address() else _ask_for_proof()


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


def _ask_for_proof() -> ResponseReturnValue:
    form = AddressForm()
    if form.validate_on_submit():
        resets.ask(form.email.data or "", wish=Wish.ACCOUNT, locale=str(get_locale()), **read_origin())
        return render_template("auth/sign_up_sent.html", minutes=resets.VALID_SECONDS // 60)
    return render_template("auth/sign_up_address.html", form=form), 422 if form.errors else 200


@bp.route("/sign-up/finish", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def finish_sign_up() -> ResponseReturnValue:
    """The token moves from the address into the session at once, as that of a forgotten password does."""
    if "token" in request.args:
        session[_TOKEN] = request.args["token"]
        return redirect(url_for("auth.finish_sign_up"), 303)
    token = session.get(_TOKEN, "")
    person = resets.find(token, Wish.ACCOUNT)
    if person is None:
        return render_template("auth/sign_up_gone.html"), 410
    form = FinishForm()
    form.person = person
    if form.validate_on_submit() and (user := _finish(token, form)):
        return _welcome(user)
    return render_template("auth/sign_up_finish.html", form=form, email=person.email), 422 if form.errors else 200


def _finish(token: str, form: FinishForm) -> User | None:
    chosen = {"name": form.name.data or "", "language": str(get_locale()), "time_zone": form.time_zone.data}
    return resets.finish_account(token, form.password.data or "", **chosen)


def _welcome(user: User) -> ResponseReturnValue:
    if not start_session(user):
        return redirect(url_for("auth.sign_in"))
    flash(_("Welcome, %(name)s. This is your journal.", name=user.name), "ok")
    return go_onward()
