"""The site as it was when a client only had to send something in time: `gunicorn tests.web.without_pace:flask_app`."""

from app.web import slow_clients

slow_clients.PacedBody = lambda environ, *_: environ["wsgi.input"]  # type: ignore[assignment,misc]

from make_celery import flask_app  # noqa: E402  # made only now

__all__ = ["flask_app"]
