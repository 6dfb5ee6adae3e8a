"""An application that tells how it was asked, behind one trusted proxy: `gunicorn tests.behind:flask_app`."""

from flask import Flask, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

flask_app = Flask(__name__)
flask_app.wsgi_app = ProxyFix(flask_app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]  # as create_app


@flask_app.route("/<path:path>", methods=["GET", "POST"])
def tell(path: str) -> dict[str, object]:
    link = url_for("tell", path=path, _external=True)
    return {"address": request.remote_addr, "link": link, "bytes": len(request.get_data())}
