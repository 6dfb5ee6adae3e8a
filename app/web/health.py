"""Says to the operators' probes that the web server answers. Anyone may ask; it tells nothing else."""

from flask import Blueprint

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def check() -> dict[str, bool]:
    return {"ok": True}
