"""Asking for an archive: what it shall hold, how large it will be, and the same once more."""

from collections.abc import Callable

from flask import Response, abort, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.archives import service
from app.archives.allowance import NotYetError, find_allowance
from app.archives.choices import EVERYTHING, part_sizes
from app.archives.estimate import estimate as find_estimate
from app.archives.holdings import list_holdings
from app.extensions import limiter
from app.web.archive_form import ArchiveForm, find_earlier, read_form
from app.web.archives import View, bp
from app.web.bell import ring
from app.web.estimate_words import Estimated, describe_allowance, describe_estimate, describe_next
from app.web.origin import read_origin
from app.web.writing import asker

__all__ = ["bp"]


@bp.route("/new", methods=["GET", "POST"])
def new() -> View:
    """Posting only works out the estimate, for browsers without scripts."""
    is_sent = request.method == "POST"
    form = ArchiveForm() if is_sent else read_form(request.args)
    is_right = form.validate() if is_sent or request.args else True
    return make_response(_render_form(form, is_right=is_right), 422 if is_sent and not is_right else 200)


@bp.get("/new/estimate")
@limiter.limit("60 per minute", key_func=asker)
def estimate() -> Response:
    """What the page asks while somebody chooses. Each answer counts all that the person has."""
    form = read_form(request.args)
    if form.validate():
        return jsonify(vars(_estimate(form)))
    wrong = " ".join(str(error) for errors in form.errors.values() for error in errors)
    return jsonify(vars(Estimated("", "", wrong)))


@bp.post("/")
def create() -> View:
    form = ArchiveForm()
    if not form.validate():
        return make_response(_render_form(form, is_right=False), 422)
    chosen = form.chosen
    try:
        return _request_and_ring(lambda: service.request_archive(current_user.id, chosen, **read_origin()))
    except NotYetError:
        return make_response(_render_form(form, is_right=True), 422)


@bp.post("/again")
def again() -> View:
    """What was asked for before, once more."""
    earlier = find_earlier(request.form) or abort(404)
    try:
        return _request_and_ring(lambda: service.request_again(current_user.id, earlier.id, **read_origin()))
    except NotYetError as refused:
        flash(describe_next(refused.next_at), "warn")
        return redirect(url_for("archives.show", archive_id=earlier.id), 303)


def _request_and_ring(deed: Callable[[], tuple[str, bool]]) -> View:
    """The row first, then the bell. Raises NotYetError."""
    archive_id, is_new = deed()
    if not ring([current_user.id]):
        flash(_("Workers cannot be reached at the moment. Your request is kept, and starts by itself."), "info")
    if not is_new:
        flash(_("Your archive is already being made."), "info")
    return redirect(url_for("archives.show", archive_id=archive_id), 303)


def _render_form(form: ArchiveForm, *, is_right: bool) -> str:
    """The page. `is_right`: whether what was chosen can be worked out."""
    allowance = find_allowance(current_user.id)
    return render_template(
        "archives/new.html",
        form=form,
        holdings=list_holdings(current_user.id),
        is_large=bool(form.part_size.data) or _is_large(),
        estimated=_estimate(form) if is_right else None,
        active=next((each for each in service.list_archives(current_user.id) if each.is_active), None),
        allowance=allowance,
        often=describe_allowance(allowance),
    )


def _is_large() -> bool:
    """Whether everything would be more than the smallest of several files holds."""
    sizes = part_sizes()
    return bool(sizes) and find_estimate(current_user.id, EVERYTHING).size > min(sizes)


def _estimate(form: ArchiveForm) -> Estimated:
    return describe_estimate(find_estimate(current_user.id, form.chosen))
