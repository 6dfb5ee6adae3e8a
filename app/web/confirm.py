"""The password or a code again, before anything that a copied cookie must not be enough for.

The page says what happens next, and does it: what was chosen in a form travels in the address and back in this form,
never in the session. The answer changes something only with this site's token and the right password, so another site
can bring people here, and no further.
"""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from app.accounts.second_factor import checking
from app.web.archive_form import read_asked
from app.web.auth import ask_to_sign_in, continue_session
from app.web.auth_forms import ConfirmForm
from app.web.errors import warn_next_page
from app.web.guessing import limit_confirmations
from app.web.policy import DEEDS, note_confirmation, read_chosen
from app.web.proofs import say_codes_left, take_code, take_password
from app.web.redirects import safe_next

bp = Blueprint("confirm", __name__)


@bp.route("/confirm", methods=["GET", "POST"])
@limit_confirmations
def index() -> ResponseReturnValue:
    form = ConfirmForm()
    deed = request.args.get("deed", "")
    if form.validate_on_submit() and _is_right(form):
        if not continue_session():
            return ask_to_sign_in()
        note_confirmation(deed)
        say_codes_left(current_user.id, form.code.data)
        return _go_on(deed)
    shown = {
        "deed": deed,
        "kept": read_chosen(deed, request.args),
        "chosen": read_asked(deed, request.args),
        "has_factor": checking.is_on(current_user.id),
    }
    return render_template("auth/confirm.html", form=form, **shown), 422 if form.errors else 200


@bp.errorhandler(CSRFError)
def ask_anew(_error: CSRFError) -> ResponseReturnValue:
    """The password was not looked at. What was chosen stands in the address."""
    warn_next_page(_("This page was open for too long, so nothing was done. Go on from here."))
    deed = request.args.get("deed", "")
    given = {"deed": deed or None, **read_chosen(deed, request.args), "next": request.args.get("next")}
    return redirect(url_for(".index", **given), 303)


def _is_right(form: ConfirmForm) -> bool:
    if form.code.data:
        return take_code(form.code, current_user.id)
    return take_password(form.password)


def _go_on(deed: str) -> ResponseReturnValue:
    if deed in DEEDS:
        return current_app.ensure_sync(current_app.view_functions[deed])()  # type: ignore[no-any-return]
    return redirect(safe_next(request.args.get("next")) or url_for("journal.index"))
