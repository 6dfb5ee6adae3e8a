"""A person's own settings: name, dates and numbers, password, sign-ins, and what was done. Nobody else sees them."""

from uuid import UUID

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh
from flask_login import current_user

from app import audit
from app.accounts import credentials, people, sign_ins
from app.accounts.second_factor import checking, recovery_codes
from app.web.activity_words import describe
from app.web.auth import continue_session
from app.web.auth_forms import PasswordForm, SettingsForm
from app.web.guessing import limit_confirmations
from app.web.proofs import FEW, NOT_YOURS, take_password, tell_codes_left

bp = Blueprint("settings", __name__)
LAST = 2**63 - 1
"""PostgreSQL refuses larger numbers."""


@bp.route("/settings", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    form = SettingsForm(obj=current_user)
    if form.validate_on_submit():
        people.change_settings(
            current_user, name=form.name.data or "", language=form.language.data, time_zone=form.time_zone.data
        )
        refresh()  # what is said next is in the language just chosen
        flash(_("Your settings are saved."), "ok")
        return redirect(url_for("settings.index"))
    left = recovery_codes.count_left(current_user.id)
    shown = {
        "sign_ins": sign_ins.list_open(current_user.id),
        "factor": checking.find_on(current_user.id),
        "codes_left": tell_codes_left(left),
        "are_few": left < FEW,
    }
    return render_template("settings.html", form=form, **shown), 422 if form.errors else 200


@bp.route("/settings/password", methods=["GET", "POST"])
@limit_confirmations
def password() -> ResponseReturnValue:
    form = PasswordForm()
    if form.validate_on_submit() and take_password(form.current):
        here = g.known.sign_in.id
        if credentials.change_password(g.known.user, form.password.data or "", checked=True, but=here):
            continue_session()
            flash(_("Your password is changed. You are signed out everywhere else."), "ok")
            return redirect(url_for("settings.index"))
        if form.validate():  # or the second factor has gone meanwhile, and the new one is too short
            form.current.errors = [NOT_YOURS]
    return render_template("auth/password.html", form=form), 422 if form.errors else 200


@bp.get("/settings/activity")
def activity() -> ResponseReturnValue:
    """`before`: the number of a row; any will do, since only the person's own are looked at."""
    before = request.args.get("before", type=int)
    page = audit.list_of_person(current_user.id, None if before is None else min(max(before, 0), LAST))
    here = g.known.sign_in.id
    shown = [describe(row, sign_in, current_user.id, here) for row, sign_in in page.rows]
    return render_template("activity.html", deeds=shown, older=page.older, is_first=before is None)


@bp.post("/settings/sign-ins/<uuid:sign_in_id>/end")
def end_sign_in(sign_in_id: UUID) -> ResponseReturnValue:
    if not sign_ins.end(current_user.id, str(sign_in_id)):
        abort(404)
    flash(_("That browser is signed out."), "ok")
    return redirect(url_for("settings.index"))


@bp.post("/settings/sign-ins/end-others")
def end_other_sign_ins() -> ResponseReturnValue:
    sign_ins.end_all(current_user.id, but=g.known.sign_in.id)
    flash(_("You are signed out everywhere else."), "ok")
    return redirect(url_for("settings.index"))
