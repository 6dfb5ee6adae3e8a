"""How much a form may be, before anything of it is parsed; and what was typed into one that is too much comes back.

Most forms are a few names and choices. What people write, and files, come in multipart alone, which is read piece by
piece: the other way a megabyte of `a&` made a million fields, and took fifty times its size.

Pages are not kept by browsers, so whoever goes back finds an empty form. A text that is too long is taken up to four
times the limit, and comes back with the form's words; with files that are too much come the texts before them.
"""

from collections.abc import Iterator
from contextlib import suppress

from flask import Flask, current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Field, MultipartDecoder, Preamble
from werkzeug.wsgi import LimitedStream

WRITING = {"journal.new", "journal.edit"}
_TEXTS = {"comments.add"}
"""Whose texts may be as long as an entry's before the form says what is wrong with them."""
FORM_BYTES = 64 * 1024
"""Of names, addresses and choices: more than all that our pages have boxes for."""
_MARGIN = 4


def init_app(app: Flask) -> None:
    """Before every function that looks at a request: the check of the form's token, registered earlier, reads it."""
    app.url_value_preprocessor(lambda *_: limit_form())


def limit_form() -> None:
    """Raises RequestEntityTooLarge. All texts of a form together are within MAX_CONTENT_LENGTH as before."""
    request.max_content_length = _most_bytes()
    if request.endpoint in WRITING:
        request.max_form_memory_size = _MARGIN * current_app.config["MAX_FORM_MEMORY_SIZE"]
    if request.mimetype == "application/x-www-form-urlencoded":
        _count_fields(request.get_data())  # kept, for who parses it; werkzeug counts those of multipart


def _most_bytes() -> int:
    is_long = request.mimetype == "multipart/form-data"
    most: int = current_app.config["MAX_CONTENT_LENGTH"]
    if is_long and request.endpoint in WRITING:
        return most
    if is_long and request.endpoint in _TEXTS:
        return min(most, int(current_app.config["MAX_FORM_MEMORY_SIZE"]))
    return min(most, FORM_BYTES)


def _count_fields(body: bytes) -> None:
    if body.count(b"&") >= (request.max_form_parts or FORM_BYTES):
        raise RequestEntityTooLarge


def read_texts() -> MultiDict[str, str]:
    """The fields before the first file. Empty where the body was read already: then a text in it was too long."""
    boundary = request.mimetype_params.get("boundary", "").encode()
    most, size = current_app.config["MAX_CONTENT_LENGTH"], request.content_length or 0
    found: MultiDict[str, str] = MultiDict()
    if most is not None and size > most and boundary:
        # Flask gives nothing of a body that is larger than it may be; of this one the beginning is enough.
        beginning = LimitedStream(request.environ["wsgi.input"], min(size, request.max_form_memory_size or size))
        with suppress(ClientDisconnected, RequestEntityTooLarge, ValueError):  # the rest is no form, or none of ours
            for name, text in _split(beginning.read(), boundary):
                found.add(name, text)
    return found


def _split(body: bytes, boundary: bytes) -> Iterator[tuple[str, str]]:
    decoder = MultipartDecoder(boundary, max_parts=request.max_form_parts)
    decoder.receive_data(body)
    name, content = "", b""
    while isinstance(event := decoder.next_event(), Preamble | Field | Data):
        if isinstance(event, Field):
            name, content = event.name, b""
        elif isinstance(event, Data):
            content += event.data
            if not event.more_data:
                yield name, content.decode("utf-8", "replace")
