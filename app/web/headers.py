"""Headers on every response, error pages included. A view may set a stricter policy of its own; it is kept."""

from http import HTTPStatus

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
UPLOAD_SECURITY_POLICY = f"{CONTENT_SECURITY_POLICY}; sandbox"
"""For bytes that people uploaded: an opaque origin, and no script even if a browser takes them for a page."""

_FEATURES = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "microphone",
    "midi",
    "payment",
    "usb",
)
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
}
_YEAR = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}; includeSubDomains")
    if not _is_same_for_all(response):
        # No cache between us and the person may keep a page, nor show one person's page to another.
        response.headers["Cache-Control"] = "no-store, private"
        response.vary.update(("Cookie", "Accept-Language"))
    return response


def _is_same_for_all(response: Response) -> bool:
    """An asset or a public key; not the page, with the person's name, that says it is missing."""
    return (
        response.status_code < HTTPStatus.BAD_REQUEST
        and request.endpoint is not None
        and request.endpoint.rpartition(".")[2] in {"static", "public_key"}
    )
