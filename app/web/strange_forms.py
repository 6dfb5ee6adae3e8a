"""A form is text, and files in the one field that is for them. Flask-WTF would take JSON too, and a file for any text.

Then a validator meets a dictionary or a file where it expects a text, and the page is a fault on our side.
"""

from flask import Flask, abort, request

from app.extensions import SAFE_METHODS

FILE_FIELDS = {"files"}


def init_app(app: Flask) -> None:
    app.before_request(refuse_strange_forms)


def refuse_strange_forms() -> None:
    if request.method in SAFE_METHODS:
        return
    if request.is_json:
        abort(415)
    if request.files.keys() - FILE_FIELDS:
        abort(400)
