"""The journal's pages: list, read, write, change, delete. Members only; each sees their own and what is shared."""

from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from werkzeug.exceptions import RequestEntityTooLarge

from app.journal import attachments, entries, listing
from app.journal.attachments import UploadRefusedError
from app.journal.comments import list_comments
from app.journal.file_types import accepted
from app.journal.markdown import MOST_SIGNS, MOST_SIGNS_OF_COMMENT, is_costly, plain_text, render_markdown
from app.journal.tags import TAGS_MAX, find_first_tags
from app.models import Entry
from app.web.errors import explain_expired_form, explain_limit, explain_too_large
from app.web.formats import today
from app.web.journal_forms import CommentForm, EntryForm
from app.web.large_forms import WRITING, read_texts
from app.web.policy import is_admitted
from app.web.searching import asked_words, limit_searching
from app.web.signed_out import signed_out_page
from app.web.typed import typed_text
from app.web.upload_words import explain_refusal
from app.web.writing import limit_writing
from app.words.text import clean_line

bp = Blueprint("journal", __name__, url_prefix="/journal")

_EXCERPT = 220
_MOST_SIGNS_OF_EXCERPT = 100


@bp.get("")
@limit_searching
def index() -> str:
    shelf: listing.Shelf = "shared" if request.args.get("show") == "shared" else "mine"
    asked, tag = asked_words(), clean_line(request.args.get("tag"))
    words = listing.cut_words(asked)
    number = request.args.get("page", 1, type=int)
    page = listing.list_entries(current_user.id, shelf, words=words, tag=tag, number=number)
    tags = listing.count_tags(current_user.id, shelf)
    most = {"words": listing.MOST_WORDS, "signs": listing.MOST_SIGNS} if words != asked else None
    return render_template("journal/index.html", page=page, shelf=shelf, words=words, tag=tag, tags=tags, most=most)


@bp.route("/new", methods=["GET", "POST"])
@limit_writing
def new() -> ResponseReturnValue:
    form = EntryForm(date=today())
    if form.validate_on_submit():
        try:
            entry = entries.add_entry(current_user.id, form.draft(), form.uploads())
        except UploadRefusedError as error:
            form.files.errors = [explain_refusal(error)]
        else:
            return _saved(entry)
    return _form_page(form, None), 422 if form.errors else 200


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
            form.files.errors = [explain_refusal(error)]
        except entries.EntryGoneError:
            abort(404)
        else:
            return _saved(entry)
    return _form_page(form, entry), 422 if form.errors else 200


@bp.route("/<uuid:entry_id>/delete", methods=["GET", "POST"])
def delete(entry_id: UUID) -> ResponseReturnValue:
    entry = load_own(entry_id)
    if request.method == "POST":
        try:
            entries.delete_entry(current_user.id, entry.id)
        except entries.EntryGoneError:
            abort(404)
        flash(_("“%(title)s” is deleted.", title=entry.title), "ok")
        return redirect(url_for("journal.index"))
    return render_template("journal/delete.html", entry=entry)


@bp.errorhandler(CSRFError)
@bp.errorhandler(RateLimitExceeded)
def offer_again(error: CSRFError | RateLimitExceeded) -> ResponseReturnValue:
    """The form with all that was typed, where it was refused before a view saw it: nobody writes a page twice."""
    often = isinstance(error, RateLimitExceeded)
    typed = typed_text()
    if typed and not current_user.is_authenticated:
        return signed_out_page(typed), 400
    if not typed or request.endpoint not in WRITING or not is_admitted():
        return explain_limit(error) if often else explain_expired_form(error)
    problem = _("Nothing is saved yet: this page was open for too long. All that you wrote is below. Save it again.")
    if often:
        problem = _("Nothing is saved yet: you have saved very often. All that you wrote is below. Wait a minute.")
    return _form_page(EntryForm(), _find_edited(), problem), 429 if often else 400


@bp.errorhandler(RequestEntityTooLarge)
def offer_with_less(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """The same, where the files were too much; a browser with scripts does not even send them."""
    texts = read_texts() if current_user.is_authenticated and request.endpoint in WRITING else None
    typed = typed_text(texts) if texts else []
    if not typed or not is_admitted():
        return explain_too_large(error, typed)
    problem = _(
        "Nothing is saved yet: the files are too large to be sent at once. All that you wrote is below. "
        "Choose fewer files, save, and add the others afterwards."
    )
    return _form_page(EntryForm(texts), _find_edited(), problem), 413


@bp.app_template_filter("markdown")
def markdown_filter(text: str, most_signs: int = MOST_SIGNS) -> Markup:
    return Markup(render_markdown(text, most_signs))  # noqa: S704  # sanitised there


@bp.app_template_filter("comment")
def comment_filter(text: str) -> Markup:
    return markdown_filter(text, MOST_SIGNS_OF_COMMENT)


@bp.app_template_filter("excerpt")
def excerpt(text: str) -> str:
    """The first words of a text, without Markdown's signs."""
    words = plain_text(text, _MOST_SIGNS_OF_EXCERPT)
    return words if len(words) <= _EXCERPT else f"{words[:_EXCERPT].rpartition(' ')[0] or words[:_EXCERPT]} …"


def load_own(entry_id: UUID) -> Entry:
    return entries.find_own_entry(current_user.id, str(entry_id)) or abort(404)


def load_readable(entry_id: UUID) -> Entry:
    return entries.find_readable_entry(current_user.id, str(entry_id)) or abort(404)


def entry_page(entry: Entry, form: CommentForm) -> str:
    return render_template(
        "journal/show.html",
        entry=entry,
        tags=find_first_tags([entry.id], TAGS_MAX)[entry.id],
        comments=list_comments(entry.id, request.args.get("comments", 1, type=int)),
        form=form,
        is_mine=entry.author_id == current_user.id,
        is_costly=is_costly(entry.body),
    )


def _find_edited() -> Entry | None:
    """The entry that the form in hand changes; None: it is a new one."""
    entry_id = (request.view_args or {}).get("entry_id")
    return entries.find_own_entry(current_user.id, str(entry_id)) if entry_id else None


def _saved(entry: Entry) -> ResponseReturnValue:
    flash(_("Your entry is saved."), "ok")
    return redirect(url_for("journal.show", entry_id=entry.id))


def _form_page(form: EntryForm, entry: Entry | None, problem: str = "") -> str:
    if (form.errors or problem) and form.to_choose_again():
        again = _("Choose your pictures and files again: browsers do not keep them.")
        form.files.errors = [*form.files.errors, again]
    return render_template(
        "journal/form.html",
        form=form,
        entry=entry,
        problem=problem,
        past_readers=entries.list_past_readers(current_user.id),
        tags=[name for name, _uses in listing.count_tags(current_user.id, "mine")],
        endings=[f".{ending}" for ending in sorted(accepted())],
        taken=attachments.count_bytes(current_user.id),
    )
