"""Serves an archive's files: resumable, never cached, and only while it is ready."""

from http import HTTPStatus

from flask import Response, abort, current_app, make_response, render_template, request

from app.archives import service
from app.extensions import limiter
from app.log_format import about
from app.models import Archive, ArchivePart, State
from app.web.archive_words import describe, is_past, zip_name
from app.web.origin import read_origin
from app.web.serving import send_stored
from app.web.serving_slots import take_slot
from app.web.writing import asker

PER_MINUTE = 60

limit_downloads = limiter.shared_limit(f"{PER_MINUTE} per minute", "downloads", key_func=asker)
"""How often somebody may begin to be sent an archive's file, each range of it counted: it is looked up, opened and
recorded each time, and nobody has so many files.
"""
_WITH_BYTES = {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}
"""Whichever range was asked for: all but the first byte is the whole archive to a thief."""


def send_part(archive: Archive, number: int) -> Response:
    """One file of an archive; the first has number 1.

    200 or 206 with bytes, 304, 412, 416; 404 when there is no such part, 410 in words when there is no file any more,
    409 when not yet. Raises LostFileError, NoSlotError.
    """
    if archive.is_active:
        abort(409)
    at = service.read_clock()
    if archive.state != State.READY or is_past(archive, at):
        return make_response(render_template("archives/gone.html", archive=describe(archive, at)), 410)
    part = service.find_part(archive, number) or abort(404)
    response = _stream(archive, part)
    try:
        if request.method == "GET" and response.status_code in _WITH_BYTES:
            service.record_download(archive, part.number, **read_origin())
    except BaseException:
        response.close()  # gives back the slot
        raise
    return response


def _stream(archive: Archive, part: ArchivePart) -> Response:
    slot = take_slot(archive.user_id, "archives", current_app.config["DOWNLOADS_AT_ONCE"])
    name = zip_name(archive, part.number)
    try:
        response = send_stored(
            lambda: service.open_download(part), part.size, part.sha256, slot, media_type="application/zip", name=name
        )
    except OSError:
        with about(archive_id=archive.id, reference=archive.reference):
            current_app.logger.exception(
                "archive %s is ready, but part %s cannot be opened", archive.reference, part.number
            )
        abort(503)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
