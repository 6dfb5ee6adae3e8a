"""What was typed into a form whose files are too much to be taken: browsers send texts before files."""

from collections.abc import Iterator
from contextlib import suppress

from flask import current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ClientDisconnected
from werkzeug.sansio.multipart import Data, Field, MultipartDecoder, Preamble
from werkzeug.wsgi import LimitedStream


def read_texts() -> MultiDict[str, str]:
    """The fields before the first file. Empty where the body was read already: then a text in it was too long."""
    boundary = request.mimetype_params.get("boundary", "").encode()
    most, size = current_app.config["MAX_CONTENT_LENGTH"], request.content_length or 0
    found: MultiDict[str, str] = MultiDict()
    if most is not None and size > most and boundary:
        # Flask gives nothing of a body that is larger than it may be; of this one the beginning is enough.
        beginning = LimitedStream(request.environ["wsgi.input"], min(size, current_app.config["MAX_FORM_MEMORY_SIZE"]))
        with suppress(ClientDisconnected, ValueError):  # the rest is no form
            for name, text in _split(beginning.read(), boundary):
                found.add(name, text)
    return found


def _split(body: bytes, boundary: bytes) -> Iterator[tuple[str, str]]:
    decoder = MultipartDecoder(boundary)
    decoder.receive_data(body)
    name, content = "", b""
    while isinstance(event := decoder.next_event(), Preamble | Field | Data):
        if isinstance(event, Field):
            name, content = event.name, b""
        elif isinstance(event, Data):
            content += event.data
            if not event.more_data:
                yield name, content.decode("utf-8", "replace")
