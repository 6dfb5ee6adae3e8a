"""Serves an archive's file: resumable, never cached, and only while it is ready."""

import os
from typing import TYPE_CHECKING

from flask import Response, abort, current_app, make_response, render_template, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header
from werkzeug.wsgi import FileWrapper

from app.archives import service
from app.models import Archive, State
from app.web.archive_words import describe, is_past

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def send_archive(archive: Archive) -> Response:
    """200 or 206 with bytes, 304, 412, 416; 410 in words when there is no file any more, 409 when not yet."""
    if archive.is_active:
        abort(409)
    if archive.state != State.READY or is_past(archive):
        return make_response(render_template("archives/gone.html", archive=describe(archive)), 410)
    etag = archive.sha256 or ""
    if request.if_match and not request.if_match.contains(etag):
        abort(412)
    response = _stream(archive, etag)
    if request.method == "GET" and _is_beginning(response):
        service.record_download(archive, request.remote_addr or "", request.user_agent.string)
    return response


def _stream(archive: Archive, etag: str) -> Response:
    try:
        file = service.open_download(archive)
    except OSError:
        current_app.logger.exception("archive %s is ready, but its file cannot be opened", archive.reference)
        abort(503)
    size = os.fstat(file.fileno()).st_size
    # Werkzeug's own wrapper can seek; the server's reads a resumed file from its beginning.
    response = Response(FileWrapper(file, 256 * 1024), mimetype="application/zip", direct_passthrough=True)
    response.call_on_close(file.close)
    response.content_length = size
    response.set_etag(etag)
    day = archive.created_at.date().isoformat()
    response.headers["Content-Disposition"] = f'attachment; filename="satchel-{day}-{archive.reference}.zip"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    try:
        response.make_conditional(_conditions(), accept_ranges=True, complete_length=size)
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
