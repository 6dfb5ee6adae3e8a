"""Pictures and files of entries, for those who may read the entry; everybody else gets the same 404 as for nothing.

Only the four kinds of pictures are shown in the page. Everything else is saved, and no uploaded byte ever runs here.
"""

from typing import BinaryIO
from uuid import UUID

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.extensions import db
from app.journal import attachments, uploads
from app.models import Attachment
from app.stores import StoreDownError
from app.web.headers import UPLOAD_SECURITY_POLICY
from app.web.journal_forms import DescriptionForm
from app.web.serving import send_stored
from app.web.serving_slots import take_slot
from app.web.writing import limit_writing

bp = Blueprint("files", __name__, url_prefix="/files")


@bp.get("/<uuid:attachment_id>")
def show(attachment_id: UUID) -> Response:
    attachment = attachments.find_readable_attachment(current_user.id, str(attachment_id)) or abort(404)
    slot = take_slot(current_user.id, "files", current_app.config["FILES_AT_ONCE"])
    response = send_stored(
        lambda: _open(attachment),
        attachment.size,
        attachment.sha256,
        slot,
        media_type=attachment.media_type,
        name=attachment.name,
        as_attachment=not attachment.is_picture,
    )
    response.headers["Content-Security-Policy"] = UPLOAD_SECURITY_POLICY
    return response


def _open(attachment: Attachment) -> BinaryIO:
    """Aborts when there is none, or when it cannot be had now."""
    db.session.commit()  # no connection is held while the store is asked
    try:
        file = uploads.open_stored(attachment.stored_name, attachment.sha256)
    except StoreDownError:
        current_app.logger.exception("The file of attachment %s cannot be opened now", attachment.id)
        abort(503)
    if file is None:
        current_app.logger.error("The file of attachment %s is missing", attachment.id)
        abort(404)
    return file


@bp.route("/<uuid:attachment_id>/describe", methods=["GET", "POST"])
@limit_writing
def describe(attachment_id: UUID) -> ResponseReturnValue:
    """For people who cannot see the picture."""
    attachment = attachments.find_own_attachment(current_user.id, str(attachment_id)) or abort(404)
    if not attachment.is_picture:
        abort(404)
    form = DescriptionForm(description=attachment.description)
    if not form.validate_on_submit():
        page = render_template("journal/describe_picture.html", attachment=attachment, form=form)
        return page, 422 if form.errors else 200
    entry_id = attachment.entry_id
    if not attachments.describe_attachment(current_user.id, attachment.id, form.description.data or ""):
        abort(404)
    flash(_("The description is saved."), "ok")
    return redirect(url_for("journal.show", entry_id=entry_id))


@bp.route("/<uuid:attachment_id>/remove", methods=["GET", "POST"])
def remove(attachment_id: UUID) -> ResponseReturnValue:
    attachment = attachments.find_own_attachment(current_user.id, str(attachment_id)) or abort(404)
    if request.method == "POST":
        attachments.remove_attachment(attachment)
        flash(_("“%(name)s” is removed.", name=attachment.name), "ok")
        return redirect(url_for("journal.show", entry_id=attachment.entry_id))
    return render_template("journal/remove_file.html", attachment=attachment)
