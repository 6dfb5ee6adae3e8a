"""Sign in, sign out. Signing in does not tell whether an address is known.

The session cookie holds nothing but the token of a sign-in. It is emptied at each sign-in and sign-out, so that
nothing planted before, or left behind, is carried over.
"""

from flask import Blueprint, Flask, Response, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user

from app import audit
from app.accounts import people, sign_ins
from app.accounts.second_factor import checking
from app.extensions import SAFE_METHODS, db, limiter, login_manager
from app.models import User
from app.web.auth_forms import CodeForm, SignInForm
from app.web.guessing import limit_sign_ins
from app.web.half_session import HalfSession, begin_half_session
from app.web.origin import read_origin
from app.web.policy import FORM_PAGES, read_chosen
from app.web.proofs import say_codes_left, take_code
from app.web.redirects import safe_next
from app.web.signed_out import signed_out_page
from app.web.typed import typed_text

bp = Blueprint("auth", __name__)


def init_app(app: Flask) -> None:
    login_manager.user_loader(load_person)
    login_manager.unauthorized_handler(ask_to_sign_in)
    app.register_blueprint(bp)


def load_person(token: str) -> User | None:
    g.known = sign_ins.find(token)
    if g.known is None or not g.known.user.is_active:
        return None
    audit.act_as(audit.Acting(g.known.user.id, g.known.sign_in.id))
    return g.known.user  # type: ignore[no-any-return]  # anything may stand in g


def ask_to_sign_in() -> ResponseReturnValue:
    """Pages lead to the form and back again; scripts learn that the session has ended.

    What somebody has just sent is shown, to be sent again: writing may take longer than a session lasts.
    """
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return {"error": _("Sign in first.")}, 401
    if typed := typed_text():
        return signed_out_page(typed), 401
    return redirect(url_for("auth.sign_in", next=_way_back()))


def _way_back() -> str | None:
    """To the page that was asked for, or to a form with what was chosen in it."""
    if request.method in SAFE_METHODS:
        return request.full_path.removesuffix("?")
    page = FORM_PAGES.get(request.endpoint or "")
    return page and url_for(page, **read_chosen(request.endpoint or "", request.form))


@bp.route("/sign-in", methods=["GET", "POST"])
@limit_sign_ins
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return go_onward()
    form = SignInForm()
    if form.validate_on_submit():
        user = people.check_password(form.email.data or "", form.password.data or "")
        entered = None if user is None else _enter(user)
        if entered is not None:
            return entered
        form.email.errors = [_("The e-mail address or the password is wrong.")]
    return render_template("auth/sign_in.html", form=form), 422 if form.errors else 200


@bp.route("/sign-in/code", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def code() -> ResponseReturnValue:
    """The second step, for accounts with a second factor. The gate has found the first."""
    form = CodeForm()
    half: HalfSession = g.half_session
    if form.validate_on_submit() and take_code(form.code, half.user.id, uses=half.uses):
        if not start_session(half.user):
            return redirect(url_for("auth.sign_in", next=request.args.get("next")))
        say_codes_left(half.user.id, form.code.data)
        return go_onward()
    return render_template("auth/code.html", form=form), 422 if form.errors else 200


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    if current_user.is_authenticated:
        sign_ins.end(current_user.id, g.known.sign_in.id)
    logout_user()
    session.clear()
    flash(_("You are signed out."), "ok")
    response: Response = redirect(url_for("auth.sign_in"))  # type: ignore[assignment]  # Flask's own redirect answers so
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def continue_session() -> bool:
    """The password or a code was just given: the same sign-in, under a new token.

    False: it was ended in this moment, or the password changed; whoever asked is signed out.
    """
    return _keep(sign_ins.confirm(g.known.user, g.known.sign_in.id))


def start_session(user: User) -> bool:
    """False: the account was locked or got another password since this one was checked."""
    return _keep(sign_ins.begin(user, **read_origin()))


def _enter(user: User) -> ResponseReturnValue | None:
    """The password was right. None: it is no longer."""
    factor = checking.find_on(user.id)
    if factor is None:
        return go_onward() if start_session(user) else None
    begin_half_session(user, factor)
    return redirect(url_for("auth.code", next=request.args.get("next")))


def _keep(token: str | None) -> bool:
    session.clear()
    g.pop("csrf_token", None)  # a page that this request makes carries the token of the new session
    person = load_person(token) if token else None
    if person is None or token is None:  # or somebody has ended it in this moment
        logout_user()
    else:
        person.sign_in_token = token
        login_user(person)
    db.session.commit()  # this request writes no more; others may
    return person is not None


def go_onward() -> ResponseReturnValue:
    return redirect(safe_next(request.args.get("next")) or url_for("journal.index"))
