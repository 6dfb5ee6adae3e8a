"""What somebody has written into a form that is refused: it comes back, whatever the reason."""

from flask import request
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import MultiDict

Typed = tuple[str, LazyString, str]
"""A field, its label, and its text."""
_GIVEN_BACK = {
    "title": _l("Title"),
    "body": _l("Text"),
    "tags": _l("Tags"),
    "readers": _l("Readers"),
    "name": _l("Name"),
    "description": _l("Description of a picture"),
}


def typed_text(given: MultiDict[str, str] | None = None) -> list[Typed]:
    """Fields with labels: what somebody has written into the refused form, and nothing that is secret. Only our own
    pages get it back: others may not put words on ours. `given`: of a form that could not be read as a whole.
    """
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        return []
    typed = [
        (name, value) for name, value in (request.form if given is None else given).items(multi=True) if value.strip()
    ]
    return [(name, _GIVEN_BACK[name], value) for name, value in typed if name in _GIVEN_BACK]
