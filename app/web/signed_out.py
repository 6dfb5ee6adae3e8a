"""The page for somebody whose session ended while they wrote: it shows all of it, to be sent again."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from werkzeug.datastructures import MultiDict

from app.web.journal_forms import EntryForm
from app.web.typed import Typed

_OF_FILES = ("description", "earlier_file", "earlier_description")


def signed_out_page(typed: Sequence[Typed]) -> str:
    """`typed`: what `typed_text` found. Files do not stay, but which they were and what they show does."""
    given: MultiDict[str, Any] = MultiDict(("files", file) for file in request.files.getlist("files"))
    for name in _OF_FILES:  # and nothing else: a stranger's texts are no work
        given.setlist(name, request.form.getlist(name))
    again = EntryForm(given).to_choose_again()
    return render_template("journal/signed_out.html", typed=typed, again=again)
