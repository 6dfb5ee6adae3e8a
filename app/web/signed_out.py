"""The page for somebody whose session ended while they wrote: it shows all of it, to be sent again."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import CombinedMultiDict, MultiDict

from app.web.journal_forms import EntryForm


def signed_out_page(typed: Sequence[tuple[str, LazyString, str]]) -> str:
    """`typed`: what `errors.typed_text` found. Files do not stay, but which they were and what they show does."""
    files: MultiDict[str, Any] = MultiDict(("files", file) for file in request.files.getlist("files"))
    again = EntryForm(CombinedMultiDict([files, request.form])).to_choose_again()
    return render_template("journal/signed_out.html", typed=typed, again=again)
