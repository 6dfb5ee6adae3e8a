"""The second factor in a person's settings: set up, switch off, new recovery codes.

Setting up needs a confirmation of its own; the secret counts as soon as a code shows that the app has it.
What takes the factor away, or makes codes that stand for it, asks for a code: the password alone is not enough.
"""

import io

import segno
from flask import Blueprint, Response, abort, current_app, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import credentials
from app.accounts.second_factor import checking, setting_up, totp
from app.web.auth import continue_session
from app.web.auth_forms import CodeForm, SwitchOffForm
from app.web.guessing import limit_confirmations
from app.web.proofs import NOT_YOURS, take_code, take_password, tell_wrong_code

bp = Blueprint("second_factor", __name__, url_prefix="/settings/second-factor")


@bp.route("/set-up", methods=["GET", "POST"])
@limit_confirmations
def set_up() -> ResponseReturnValue:
    secret = setting_up.begin(current_user.id, g.known.sign_in.confirmed_at)
    if secret is None:
        flash(_("Your second factor is on already."), "info")
        return redirect(url_for("settings.index"))
    form = CodeForm()
    if form.validate_on_submit():
        try:
            codes = credentials.switch_on_factor(current_user.id, form.code.data or "", but=g.known.sign_in.id)
        except checking.WrongCodeError as error:
            another = _("This is not the code of this secret. Enter the one that the app shows now.")
            form.code.errors = [tell_wrong_code(error) or another]
        else:
            continue_session()
            return render_template("auth/recovery_codes.html", codes=codes, is_new=True)
    shown = {"letters": totp.spell(secret), "address": _address(secret)}
    return render_template("auth/set_up_factor.html", form=form, **shown), 422 if form.errors else 200


@bp.get("/qr.svg")
def qr() -> Response:
    """An image of its own: the pages' policy allows neither `data:` addresses nor styles within."""
    secret = setting_up.find_pending(current_user.id) or abort(404)
    image = io.BytesIO()
    segno.make(_address(secret), error="m", micro=False).save(image, kind="svg", scale=4, light="#fff")
    return Response(image.getvalue(), mimetype="image/svg+xml")


def _address(secret: bytes) -> str:
    return totp.address(secret, site=current_app.config["SITE_NAME"], account=current_user.email)


@bp.route("/recovery-codes", methods=["GET", "POST"])
@limit_confirmations
def renew() -> ResponseReturnValue:
    _require_factor()
    form = CodeForm()
    if form.validate_on_submit() and take_code(form.code, current_user.id):
        codes = setting_up.renew_recovery_codes(current_user.id)
        return render_template("auth/recovery_codes.html", codes=codes, is_new=False)
    return render_template("auth/renew_recovery_codes.html", form=form), 422 if form.errors else 200


@bp.route("/off", methods=["GET", "POST"])
@limit_confirmations
def switch_off() -> ResponseReturnValue:
    _require_factor()
    form = SwitchOffForm()
    if form.validate_on_submit() and _is_allowed(form) and _remove_factor(form):
        continue_session()
        flash(_("Your second factor is off. You are signed out everywhere else."), "ok")
        return redirect(url_for("settings.index"))
    return render_template("auth/switch_factor_off.html", form=form), 422 if form.errors else 200


def _is_allowed(form: SwitchOffForm) -> bool:
    """The code last: it is spent."""
    return take_password(form.current) and take_code(form.code, current_user.id)


def _remove_factor(form: SwitchOffForm) -> bool:
    """Or the form says that the password is another one by now."""
    person, here = g.known.user, g.known.sign_in.id
    if form.password.data:
        done = credentials.change_password(person, form.password.data, checked=True, but=here, drop_factor=True)
    else:
        done = credentials.switch_off_factor(person, but=here)
    if not done:
        form.current.errors = [NOT_YOURS]
    return done


def _require_factor() -> None:
    if not checking.is_on(current_user.id):
        abort(404)
