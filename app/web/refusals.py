"""Refused requests stand in the log: which page, asked for by whom, and from where; no path, and no word of a form.

Paths that lead nowhere are left out, since programs try those all day. A page that exists and answers 404 was asked
for something that is not there, or is not that person's.
"""

from flask import Flask, Response, current_app, g, request

REFUSED = frozenset({400, 403, 404, 409, 413, 415, 429})


def init_app(app: Flask) -> None:
    app.after_request(note_refusal)


def note_refusal(response: Response) -> Response:
    if response.status_code in REFUSED and request.endpoint is not None:
        known = g.get("known")  # of this request; nothing is loaded for it
        person = known.user.id if known else "nobody"
        where = request.endpoint, person, request.remote_addr
        current_app.logger.warning("Refused with %s: %s asked for by %s from %s", response.status_code, *where)
    return response
