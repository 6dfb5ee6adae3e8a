"""The journal's pages: list, read, write, change, delete. Members only; each sees their own and what is shared."""

from uuid import UUID

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from app.journal import entries, listing
from app.journal.attachments import UploadRefusedError
from app.journal.comments import list_comments
from app.journal.markdown import plain_text, render_markdown
from app.models import Entry
from app.web.formats import file_size, today
from app.web.journal_forms import CommentForm, EntryForm
from app.web.text import clean_line
from app.web.writing import limit_writing

bp = Blueprint("journal", __name__, url_prefix="/journal")

_EXCERPT = 220


@bp.get("")
def index() -> str:
    shelf: listing.Shelf = "shared" if request.args.get("show") == "shared" else "mine"
    words, tag = (clean_line(request.args.get(name)) for name in ("q", "tag"))
    number = request.args.get("page", 1, type=int)
    page = listing.list_entries(current_user.id, shelf, words=words, tag=tag, number=number)
    tags = listing.count_tags(current_user.id, shelf)
    return render_template("journal/index.html", page=page, shelf=shelf, words=words, tag=tag, tags=tags)


@bp.route("/new", methods=["GET", "POST"])
@limit_writing
def new() -> ResponseReturnValue:
    form = EntryForm(date=today())
    if form.validate_on_submit():
        try:
            entry = entries.add_entry(current_user.id, form.draft(), form.uploads())
        except UploadRefusedError as error:
            _refuse_files(form, error)
        else:
            flash("Your entry is saved.", "ok")
            return redirect(url_for("journal.show", entry_id=entry.id))
    return _form_page(form, None)


@bp.get("/<uuid:entry_id>")
def show(entry_id: UUID) -> str:
    return entry_page(load_readable(entry_id), CommentForm())


@bp.route("/<uuid:entry_id>/edit", methods=["GET", "POST"])
@limit_writing
def edit(entry_id: UUID) -> ResponseReturnValue:
    entry = load_own(entry_id)
    form = EntryForm() if request.method == "POST" else EntryForm.of(entry)
    if form.validate_on_submit():
        try:
            entries.change_entry(current_user.id, entry.id, form.draft(), form.uploads())
        except UploadRefusedError as error:
            _refuse_files(form, error)
        except entries.EntryGoneError:
            abort(404)
        else:
            flash("Your entry is saved.", "ok")
            return redirect(url_for("journal.show", entry_id=entry.id))
    return _form_page(form, entry)


@bp.route("/<uuid:entry_id>/delete", methods=["GET", "POST"])
def delete(entry_id: UUID) -> ResponseReturnValue:
    entry = load_own(entry_id)
    if request.method == "POST":
        try:
            entries.delete_entry(current_user.id, entry.id)
        except entries.EntryGoneError:
            abort(404)
        flash(f"“{entry.title}” is deleted.", "ok")
        return redirect(url_for("journal.index"))
    return render_template("journal/delete.html", entry=entry)


@bp.app_template_filter("markdown")
def markdown_filter(text: str) -> Markup:
    return Markup(render_markdown(text))  # noqa: S704  # sanitised there


@bp.app_template_filter("excerpt")
def excerpt(text: str) -> str:
    """The first words of a text, without Markdown's signs."""
    words = plain_text(text)
    return words if len(words) <= _EXCERPT else f"{words[:_EXCERPT].rpartition(' ')[0] or words[:_EXCERPT]} …"


def load_own(entry_id: UUID) -> Entry:
    return entries.find_own_entry(current_user.id, str(entry_id)) or abort(404)


def load_readable(entry_id: UUID) -> Entry:
    return entries.find_readable_entry(current_user.id, str(entry_id)) or abort(404)


def entry_page(entry: Entry, form: CommentForm) -> str:
    is_mine = entry.author_id == current_user.id
    comments = list_comments(entry.id)
    return render_template("journal/show.html", entry=entry, comments=comments, form=form, is_mine=is_mine)


def _refuse_files(form: EntryForm, error: UploadRefusedError) -> None:
    limit = file_size(current_app.config["UPLOAD_MAX_BYTES"])
    form.files.errors = [f"{error} A picture or file needs at least one byte and may have at most {limit}."]


def _form_page(form: EntryForm, entry: Entry | None) -> ResponseReturnValue:
    if form.errors and form.uploads():
        again = "Choose your pictures and files again: browsers do not keep them."
        form.files.errors = [*form.files.errors, again]
    return render_template("journal/form.html", form=form, entry=entry), 422 if form.errors else 200
