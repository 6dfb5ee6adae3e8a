"""Sign up, sign in, sign out. Everybody may enter. Signing in does not tell whether an address is known.

The session cookie holds nothing but the person's id. It is emptied at each sign-in and sign-out, so that nothing
planted before, or left behind, is carried over.
"""

from uuid import UUID

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from app import people
from app.extensions import SAFE_METHODS, db, limiter, login_manager
from app.models import User
from app.web.auth_forms import SignInForm, SignUpForm
from app.web.redirects import safe_next

bp = Blueprint("auth", __name__)


def init_app(app: Flask) -> None:
    login_manager.user_loader(load_person)
    login_manager.unauthorized_handler(ask_to_sign_in)
    app.register_blueprint(bp)


def load_person(user_id: str) -> User | None:
    try:
        known_form = str(UUID(user_id))
    except ValueError:
        return None  # PostgreSQL would answer with an error
    user = db.session.get(User, known_form)
    return user if user and user.is_active else None


def ask_to_sign_in() -> ResponseReturnValue:
    """Pages lead to the form and back again; scripts learn that the session has ended."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return {"error": "Sign in first."}, 401
    back = request.full_path.removesuffix("?") if request.method in SAFE_METHODS else None
    return redirect(url_for("auth.sign_in", next=back))


@bp.route("/sign-up", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def sign_up() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return _onward()
    form = SignUpForm()
    if form.validate_on_submit():
        try:
            user = people.create_user(
                form.email.data or "",
                form.password.data,
                name=form.name.data or "",
                time_zone=form.time_zone.data,
            )
        except people.EmailTakenError:
            form.email.errors = ["An account with this e-mail address exists already. Sign in instead."]
        else:
            _start_session(user)
            flash(f"Welcome, {user.name}. This is your journal.", "ok")
            return _onward()
    return render_template("auth/sign_up.html", form=form), 422 if form.errors else 200


@bp.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return _onward()
    form = SignInForm()
    if form.validate_on_submit():
        user = people.check_password(form.email.data or "", form.password.data or "")
        if user is not None:
            _start_session(user)
            return _onward()
        form.email.errors = ["The e-mail address or the password is wrong."]
    return render_template("auth/sign_in.html", form=form), 422 if form.errors else 200


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    logout_user()
    session.clear()
    flash("You are signed out.", "ok")
    response: Response = redirect(url_for("auth.sign_in"))  # type: ignore[assignment]  # Flask's own redirect answers so
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _start_session(user: User) -> None:
    session.clear()
    login_user(user)
    people.record_sign_in(user, request.remote_addr or "", request.user_agent.string)


def _onward() -> ResponseReturnValue:
    return redirect(safe_next(request.args.get("next")) or url_for("journal.index"))
