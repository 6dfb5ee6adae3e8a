"""Archives, as their owner sees them: watch, download, cancel, delete.

Every loader takes `current_user.id`; nothing here reads whose archive it is from a URL or a form.
"""

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from app.archives import reconciling, service
from app.archives.allowance import find_allowance
from app.archives.gaps import list_missing
from app.archives.listing import list_current, list_earlier
from app.archives.watching import Watched, find_watched
from app.choice_words import describe_choices, sum_up
from app.models import Archive, Cause
from app.web.archive_download import limit_downloads, send_part
from app.web.archive_words import describe, poll_after
from app.web.bell import ring
from app.web.bond_words import describe_bonds
from app.web.estimate_words import describe_allowance

bp = Blueprint("archives", __name__, url_prefix="/archives")
bp.add_app_template_filter(describe_bonds)
bp.add_app_template_filter(describe_choices)
bp.add_app_template_filter(sum_up)

View = str | Response | BaseResponse

MOST_MISSING = 20
"""So many missing items are named; the report inside has all."""


@bp.get("/")
def index() -> View:
    current = list_current(current_user.id)
    earlier = list_earlier(current_user.id, request.args.get("page", 1, type=int))
    allowance = find_allowance(current_user.id)
    at = service.read_clock()
    return render_template(
        "archives/index.html",
        current=[describe(archive, at) for archive in current],
        history=[describe(archive, at) for archive in earlier.items],
        page=earlier,
        is_active=any(archive.is_active for archive in current),
        allowance=allowance,
        often=describe_allowance(allowance),
    )


@bp.get("/<archive_id>")
def show(archive_id: str) -> View:
    watched = _watch(archive_id)
    shown = describe(watched.archive, watched.at, watched)
    asked = {name: request.args.get(name, type=int) for name in ("refresh", "begin")}
    return render_template(
        "archives/show.html",
        archive=shown,
        missing=list_missing(watched.archive, MOST_MISSING) if shown.kind == "partial" else [],
        downloads=service.list_downloads(archive_id),
        **asked,
    )


@bp.get("/<archive_id>/status")
def status(archive_id: str) -> View:
    """What the page polls: one SELECT besides the person's. The server says when to ask again."""
    watched = _watch(archive_id)
    archive = watched.archive
    words = describe(archive, watched.at, watched)
    found: dict[str, Any] = {
        "state": archive.state.value,
        "done": not archive.is_active,
        "percent": words.percent,
        "percent_text": words.percent_text,
        "detail_text": words.detail,
        "stage": words.stage,
        "url": url_for(".show", archive_id=archive.id),
        "poll_after": poll_after(watched),
    }
    return jsonify(found)


@bp.get("/<archive_id>/download")
@bp.get("/<archive_id>/download/<int:number>")
@limit_downloads
def download(archive_id: str, number: int = 1) -> View:
    archive = _find(archive_id)
    try:
        return send_part(archive, number)
    except service.LostFileError as lost:
        return _make_again(archive, number, lost)


@bp.post("/<archive_id>/cancel")
def cancel(archive_id: str) -> View:
    _find(archive_id)
    if not service.cancel(current_user.id, archive_id):
        flash(_("This request had already ended, so it was not cancelled."), "info")
    return redirect(url_for("archives.show", archive_id=archive_id), 303)


@bp.post("/<archive_id>/delete")
def delete(archive_id: str) -> View:
    _find(archive_id)
    if not service.delete(current_user.id, archive_id):
        flash(_("There is no file of this archive any more."), "info")
    return redirect(url_for("archives.show", archive_id=archive_id), 303)


def _make_again(archive: Archive, number: int, lost: service.LostFileError) -> View:
    people = service.make_again(archive, lost)
    now = _find(archive.id)
    ring(people)
    if now.error != Cause.DAMAGED:
        return send_part(now, number)  # somebody has deleted it meanwhile, or had it made again
    return make_response(render_template("archives/lost.html", archive=describe(now, service.read_clock())), 503)


def _find(archive_id: str) -> Archive:
    return service.find_archive(current_user.id, archive_id) or abort(404)


def _watch(archive_id: str) -> Watched:
    """Whoever watches an archive keeps it moving, even when beat is down."""
    watched = find_watched(current_user.id, archive_id) or abort(404)
    if watched.needs_care:
        ring(reconciling.reconcile_person(current_user.id))
    return watched
