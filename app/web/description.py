"""What the routes that answer JSON take and give, as OpenAPI 3.1. Anyone may read it."""

from flask import Blueprint, Response, current_app

bp = Blueprint("description", __name__)


@bp.get("/openapi.json")
def show() -> Response:
    return current_app.send_static_file("openapi.json")
