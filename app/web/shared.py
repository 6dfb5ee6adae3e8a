"""Styles and icon that the site shares with the offline report, byte for byte: one copy, in the report's folder."""

from pathlib import Path

from flask import Blueprint

from app.engine import report

bp = Blueprint(
    "shared",
    __name__,
    static_folder=str(Path(report.__path__[0]) / "assets"),
    static_url_path="/static/shared",
)
