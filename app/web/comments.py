"""Comments: written by those who may read the entry, deleted by who wrote the comment or the entry."""

from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.journal import comments
from app.web.journal import entry_page, load_readable
from app.web.journal_forms import CommentForm
from app.web.writing import limit_writing

bp = Blueprint("comments", __name__, url_prefix="/journal")


@bp.post("/<uuid:entry_id>/comments")
@limit_writing
def add(entry_id: UUID) -> ResponseReturnValue:
    entry = load_readable(entry_id)
    form = CommentForm()
    if not form.validate_on_submit():
        return entry_page(entry, form), 422
    last = comments.find_page_of_next(entry.id)  # before the commit: what is saved must not end in a fault page
    comment = comments.add_comment(entry, current_user.id, form.body.data or "")
    flash(_("Your comment is saved."), "ok")
    return redirect(
        url_for(
            "journal.show", entry_id=entry.id, comments=last if last > 1 else None, _anchor=f"comment-{comment.id}"
        )
    )


@bp.route("/comments/<uuid:comment_id>/delete", methods=["GET", "POST"])
def delete(comment_id: UUID) -> ResponseReturnValue:
    comment = comments.find_deletable_comment(current_user.id, str(comment_id)) or abort(404)
    if request.method == "POST":
        comments.delete_comment(comment)
        flash(_("The comment is deleted."), "ok")
        return redirect(url_for("journal.show", entry_id=comment.entry_id))
    return render_template("journal/delete_comment.html", comment=comment)
