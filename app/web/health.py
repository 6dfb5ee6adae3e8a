"""Answers the operators' probes. Anyone may ask: there are words and ages here, and no addresses or names."""

from flask import Blueprint, current_app

from app.archives.readiness import Readiness, find_readiness

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def check() -> dict[str, bool]:
    """The web server answers; nobody else is asked."""
    return {"ok": True}


@bp.get("/readyz")
def inspect() -> tuple[dict[str, object], int]:
    """Is there everything that making archives and keeping files needs? 503 if not, and what is missing."""
    found = find_readiness()
    return {"ready": found.is_complete, **_describe(found)}, 200 if found.is_complete else 503


def _describe(found: Readiness) -> dict[str, object]:
    signs = found.signs
    return {
        "database": _word(signs is not None, "away"),
        "broker": _word(found.takes_messages, "away"),
        "workers": "unknown" if signs is None else _word(signs.is_anybody_working, "away"),
        "reconciliation": "unknown" if signs is None else _word(found.is_reconciled, "late"),
        "reconciled_seconds_ago": None if signs is None or signs.reconciled is None else round(signs.reconciled, 1),
        "disk": "unknown" if found.free is None else _word(found.has_space, "full"),
        "disk_free_bytes": found.free,
        "scanner": _word(found.is_scanned, "away") if current_app.config["SCANNER_URL"] else "none",
        "disk_reserve_bytes": current_app.config["ARCHIVE_RESERVE_BYTES"],
    }


def _word(is_well: bool, otherwise: str) -> str:
    return "ok" if is_well else otherwise
