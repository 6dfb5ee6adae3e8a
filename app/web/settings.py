"""A person's own settings: name, dates and numbers, time zone. Only the person sees and changes them."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app import people
from app.web.auth_forms import SettingsForm

bp = Blueprint("settings", __name__)


@bp.route("/settings", methods=["GET", "POST"])
@login_required
def index() -> ResponseReturnValue:
    form = SettingsForm(obj=current_user)
    if form.validate_on_submit():
        people.change_settings(
            current_user, name=form.name.data or "", language=form.language.data, time_zone=form.time_zone.data
        )
        flash("Your settings are saved.", "ok")
        return redirect(url_for("settings.index"))
    return render_template("settings.html", form=form), 422 if form.errors else 200
