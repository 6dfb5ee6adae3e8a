"""Serves an archive's files: resumable, never cached, and only while it is ready."""

from typing import TYPE_CHECKING

from flask import Response, abort, current_app, make_response, render_template, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header
from werkzeug.wsgi import FileWrapper

from app.archives import service
from app.models import Archive, ArchivePart, State
from app.web.archive_words import describe, is_past, zip_name

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BLOCK = 256 * 1024
"""Bytes that are read and sent at a time."""


def send_part(archive: Archive, number: int) -> Response:
    """One file of an archive; the first has number 1.

    200 or 206 with bytes, 304, 412, 416; 404 when there is no such part, 410 in words when there is no file any more,
    409 when not yet. Raises LostFileError.
    """
    if archive.is_active:
        abort(409)
    at = service.read_clock()
    if archive.state != State.READY or is_past(archive, at):
        return make_response(render_template("archives/gone.html", archive=describe(archive, at)), 410)
    part = service.find_part(archive, number) or abort(404)
    if request.if_match and not request.if_match.contains(part.sha256):
        abort(412)
    response = _stream(archive, part)
    if request.method == "GET" and _is_beginning(response):
        service.record_download(part, request.remote_addr or "", request.user_agent.string)
    return response


def _stream(archive: Archive, part: ArchivePart) -> Response:
    try:
        file = service.open_download(part)
    except OSError:
        current_app.logger.exception(
            "archive %s is ready, but part %s cannot be opened", archive.reference, part.number
        )
        abort(503)
    # Werkzeug's own wrapper can seek; the server's reads a resumed file from its beginning.
    response = Response(FileWrapper(file, BLOCK), mimetype="application/zip", direct_passthrough=True)
    response.call_on_close(file.close)
    response.content_length = part.size
    response.set_etag(part.sha256)
    response.headers["Content-Disposition"] = f'attachment; filename="{zip_name(archive, part.number)}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    try:
        response.make_conditional(_conditions(), accept_ranges=True, complete_length=part.size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    return response


def _conditions() -> "WSGIEnvironment":
    """The request's conditions without those that Werkzeug answers wrongly.

    It sends 412 and the whole file with it, also for `If-Match: *`; we have checked that ourselves. Several ranges, or
    ranges of something else than bytes, may be passed over (RFC 9110, 14.2), where it answers 416.
    """
    environ = dict(request.environ)
    environ.pop("HTTP_IF_MATCH", None)
    ranges = parse_range_header(environ.get("HTTP_RANGE"))
    if ranges is None or ranges.units != "bytes" or len(ranges.ranges) != 1:
        environ.pop("HTTP_RANGE", None)
    return environ


def _is_beginning(response: Response) -> bool:
    """The first bytes of the file: resumed parts are the same download."""
    return response.status_code == 200 or (response.content_range is not None and response.content_range.start == 0)  # noqa: PLR2004
