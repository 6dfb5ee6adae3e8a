"""The door for people: pages, forms and downloads. Views are thin; what they do stands in the services below."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register every blueprint."""
