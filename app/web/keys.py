"""The public keys with which anybody can check who made an archive. Open to all, and kept by caches."""

from flask import Blueprint, Response, abort

from app.archives import keys

bp = Blueprint("keys", __name__, url_prefix="/.well-known")


@bp.get("/satchel.pub", defaults={"key_id": None})
@bp.get("/satchel/<key_id>.pub")
def public_key(key_id: str | None) -> Response:
    """The present key, or an earlier one by its id, as a public key file of minisign."""
    text = keys.public_key() if key_id is None else keys.find_public_key(key_id)
    if text is None:
        abort(404)
    response = Response(text, mimetype="text/plain")
    response.cache_control.public = True
    response.cache_control.max_age = 3600
    # Anybody may verify, pages of other sites too.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
