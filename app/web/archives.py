"""Archives, as their owner sees them: ask, watch, download, cancel, delete.

Every loader takes `current_user.id`; nothing here reads whose archive it is from a URL or a form.
"""

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from kombu.exceptions import OperationalError
from werkzeug.wrappers import Response as BaseResponse

from app.archives import service
from app.archives.watching import Watched, find_watched
from app.models import DAMAGED, Archive, State
from app.tasks import generate_user_archive
from app.web.archive_download import send_part
from app.web.archive_form import ArchiveForm
from app.web.archive_words import describe, poll_after
from app.web.origin import read_origin

bp = Blueprint("archives", __name__, url_prefix="/archives")

View = str | Response | BaseResponse


@bp.get("/")
def index() -> View:
    return _list(ArchiveForm())


def _list(form: ArchiveForm) -> str:
    archives = service.list_archives(current_user.id)
    at = service.read_clock()
    current = [archive for archive in archives if archive.is_active or archive.state == State.READY]
    return render_template(
        "archives/index.html",
        form=form,
        current=[describe(archive, at) for archive in current],
        history=[describe(archive, at) for archive in archives if archive not in current],
        can_request=not any(archive.is_active for archive in archives),
    )


@bp.post("/")
def create() -> View:
    form = ArchiveForm()
    if not form.validate():
        return make_response(_list(form), 422)
    archive_id, is_new = service.request_archive(current_user.id, form.chosen, **read_origin())
    try:
        generate_user_archive.delay(current_user.id)
    except OperationalError as error:
        # The request is safe in its row; the reconciler rings again as soon as the broker is back.
        _warn(error)
        flash("Workers cannot be reached at the moment. Your request is kept, and starts by itself.", "info")
    if not is_new:
        flash("Your archive is already being made.", "info")
    return redirect(url_for("archives.show", archive_id=archive_id), 303)


@bp.get("/<archive_id>")
def show(archive_id: str) -> View:
    watched = _watch(archive_id)
    shown = describe(watched.archive, watched.at, watched)
    asked = {name: request.args.get(name, type=int) for name in ("refresh", "begin")}
    return render_template("archives/show.html", archive=shown, downloads=service.list_downloads(archive_id), **asked)


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
        "url": url_for(".show", archive_id=archive.id),
        "poll_after": poll_after(watched),
    }
    return jsonify(found)


@bp.get("/<archive_id>/download")
@bp.get("/<archive_id>/download/<int:number>")
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
        flash("This request had already ended, so it was not cancelled.", "info")
    return redirect(url_for("archives.show", archive_id=archive_id), 303)


@bp.post("/<archive_id>/delete")
def delete(archive_id: str) -> View:
    _find(archive_id)
    if not service.delete(current_user.id, archive_id):
        flash("There is no file of this archive any more.", "info")
    return redirect(url_for("archives.show", archive_id=archive_id), 303)


def _make_again(archive: Archive, number: int, lost: service.LostFileError) -> View:
    people = service.make_again(archive, lost)
    now = _find(archive.id)
    _ring(people)
    if now.error != DAMAGED:
        return send_part(now, number)  # somebody has deleted it meanwhile, or had it made again
    return make_response(render_template("archives/lost.html", archive=describe(now, service.read_clock())), 503)


def _find(archive_id: str) -> Archive:
    return service.find_archive(current_user.id, archive_id) or abort(404)


def _watch(archive_id: str) -> Watched:
    """Whoever watches an archive keeps it moving, even when beat is down."""
    watched = find_watched(current_user.id, archive_id) or abort(404)
    if watched.needs_care:
        _ring(service.reconcile_person(current_user.id))
    return watched


def _ring(people: list[str]) -> None:
    try:
        for user_id in people:
            generate_user_archive.delay(user_id)
    except OperationalError as error:
        _warn(error)


def _warn(error: OperationalError) -> None:
    """Operators learn what is wrong with the broker: gone, full, or another password than ours."""
    current_app.logger.warning(
        "the broker of REDIS_URL cannot be used (%s): the archive of %s waits", error, current_user.id
    )
