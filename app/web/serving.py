"""Sends a stored file: the whole or one range of it, and never bytes of two versions as if they were one.

Werkzeug alone answers a failed If-Match with 412 and the whole file, and 416 where several ranges are asked for.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

from flask import Response, request, send_file
from werkzeug.http import parse_range_header
from werkzeug.wsgi import FileWrapper

from app.web.serving_slots import Slot

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BLOCK = 256 * 1024
"""Bytes that are read and sent at a time. Who does not take so many within CLIENT_SECONDS is sent no more."""


class _Blocks(FileWrapper):
    """A file that gives its slot back when it is closed.

    Werkzeug's own wrapper can seek; the server's reads a resumed file from its beginning.
    """

    def __init__(self, file: BinaryIO, slot: Slot) -> None:
        super().__init__(file, BLOCK)
        self._slot = slot

    def __next__(self) -> bytes:
        self._slot.keep()
        return super().__next__()

    def close(self) -> None:
        super().close()
        self._slot.give_back()


def send_stored(
    open_file: Callable[[], BinaryIO],
    size: int,
    sha256: str,
    slot: Slot,
    *,
    media_type: str,
    name: str,
    as_attachment: bool = True,
) -> Response:
    """200 or 206 with bytes, 304, 412 without a body. At its end the file is closed and the slot given back.

    Raises what `open_file` raises, and RequestedRangeNotSatisfiable; the same is done then.
    """
    with ExitStack() as unless_sent:
        unless_sent.callback(slot.give_back)
        if request.if_match and not request.if_match.contains(sha256):
            return Response(status=412)
        file = open_file()
        unless_sent.callback(file.close)
        response = send_file(file, media_type, as_attachment, name, conditional=False, etag=sha256)
        response.response = _Blocks(file, slot)
        response.content_length = size
        response.make_conditional(_conditions(), accept_ranges=True, complete_length=size)
        unless_sent.pop_all()
    return response


def _conditions() -> "WSGIEnvironment":
    """The request's conditions without those that Werkzeug answers wrongly.

    It sends 412 and the whole file with it, also for `If-Match: *`; we have checked that ourselves. Several ranges, or
    ranges of something else than bytes, may be passed over (RFC 9110, 14.2), where it answers 416. A weak tag in
    If-Range never holds (13.1.5), and it takes one for a strong one.
    """
    environ = dict(request.environ)
    environ.pop("HTTP_IF_MATCH", None)
    ranges = parse_range_header(environ.get("HTTP_RANGE"))
    is_one = ranges is not None and ranges.units == "bytes" and len(ranges.ranges) == 1
    if not is_one or environ.get("HTTP_IF_RANGE", "").startswith("W/"):
        environ.pop("HTTP_RANGE", None)
    return environ
