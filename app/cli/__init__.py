"""The door for operators: `flask archives …`, `flask journal …`, `flask users …`, `flask serve`."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register every command."""
