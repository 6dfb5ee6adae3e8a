"""Pictures and files of entries, for those who may read the entry; everybody else gets the same 404 as for nothing.

Only the four kinds of pictures are shown in the page. Everything else is saved, and no uploaded byte ever runs here.
"""

from uuid import UUID

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.journal import attachments, uploads
from app.stores import StoreDownError
from app.web.headers import UPLOAD_SECURITY_POLICY

bp = Blueprint("files", __name__, url_prefix="/files")


@bp.get("/<uuid:attachment_id>")
def show(attachment_id: UUID) -> Response:
    attachment = attachments.find_readable_attachment(current_user.id, str(attachment_id)) or abort(404)
    try:
        file = uploads.open_stored(attachment.stored_name, attachment.sha256)
    except StoreDownError:
        current_app.logger.exception("The file of attachment %s cannot be opened now", attachment.id)
        abort(503)
    if file is None:
        current_app.logger.error("The file of attachment %s is missing", attachment.id)
        abort(404)
    response = send_file(
        file,
        mimetype=attachment.media_type,
        as_attachment=not attachment.is_picture,
        download_name=attachment.name,
        etag=False,
    )
    response.content_length = attachment.size
    response.headers["Content-Security-Policy"] = UPLOAD_SECURITY_POLICY
    return response


@bp.route("/<uuid:attachment_id>/remove", methods=["GET", "POST"])
def remove(attachment_id: UUID) -> ResponseReturnValue:
    attachment = attachments.find_own_attachment(current_user.id, str(attachment_id)) or abort(404)
    if request.method == "POST":
        attachments.remove_attachment(attachment)
        flash(f"“{attachment.name}” is removed.", "ok")
        return redirect(url_for("journal.show", entry_id=attachment.entry_id))
    return render_template("journal/remove_file.html", attachment=attachment)
