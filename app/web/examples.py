"""The tasks of Flask's manual, "Background Tasks with Celery": add, block, process, and their results.

On while REDIS_URL is unset (see the setting EXAMPLES). Anyone may call them, signed in or not, also with curl: they
change nothing and read nobody's data. A result is found by a signed id only, so that `/result/` answers for what
these forms started, and never for another task.
"""

from typing import Any

from celery import Celery, Task
from celery.result import AsyncResult, denied_join_result
from celery.states import READY_STATES
from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from app.extensions import csrf, limiter
from app.tasks import add_together, block, process

LARGEST_TERM = 10**12
"""Sums stay exact in JavaScript, whose numbers are exact up to 2**53."""
MOST_STEPS = 60
_WORKER = "celery -A make_celery worker --loglevel INFO"

bp = Blueprint("examples", __name__)
# No token is asked for: nothing changes by these forms, and `curl -d a=4 -d b=2 …/add` works as typed.
csrf.exempt(bp)


class BadNumberError(ValueError):
    """The form holds no number that the task can use; the message says what to send."""


@bp.get("/examples")
def index() -> str:
    return render_template("examples.html", most_steps=MOST_STEPS, largest_term=LARGEST_TERM)


@bp.post("/add")
def add() -> dict[str, str]:
    a = _read_number("a", -LARGEST_TERM, LARGEST_TERM)
    b = _read_number("b", -LARGEST_TERM, LARGEST_TERM)
    return _start(add_together, a, b)


@bp.post("/block")
@limiter.limit("30 per minute")  # they keep worker processes busy, which archives need too
def wait() -> dict[str, str]:
    return _start(block)


@bp.post("/process")
@limiter.limit("30 per minute")
def count() -> dict[str, str]:
    return _start(process, _read_number("total", 1, MOST_STEPS))


@bp.get("/result/<signed_id>")
def result(signed_id: str) -> dict[str, Any]:
    task_id = _signer().loads(signed_id, max_age=_celery().conf.result_expires)
    return _describe(_celery().AsyncResult(task_id))


@bp.errorhandler(BadNumberError)
def refuse(error: BadNumberError) -> ResponseReturnValue:
    return {"error": str(error)}, 422


@bp.errorhandler(BadSignature)
def miss(_error: BadSignature) -> ResponseReturnValue:
    return {"error": _("There is no such result here. Results of the examples are kept for an hour.")}, 404


@bp.errorhandler(OperationalError)
@bp.errorhandler(RedisError)
def apologise(_error: Exception) -> ResponseReturnValue:
    return {
        "error": _("The broker does not answer, so no task can be sent or looked up. Start it and try again.")
    }, 503


def _read_number(name: str, least: int, most: int) -> int:
    try:
        number = int(request.form[name])
    except (KeyError, ValueError):
        number = None
    if number is None or not least <= number <= most:
        given = {"name": name, "least": least, "most": most}
        raise BadNumberError(
            _("Send %(name)s as a whole number from %(least)s to %(most)s, such as %(name)s=4.", **given)
        )
    return number


def _start(task: Task, *args: int) -> dict[str, str]:
    # Redis' backend subscribes to the result of each task sent, for a .get() that never comes here. When the broker
    # has gone since, that takes 19 s and ends in RuntimeError. "Denied" is our promise that there will be no .get().
    with denied_join_result():
        sent = task.delay(*args)
    return {"result_id": _signer().dumps(sent.id)}


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="example result")


def _celery() -> Celery:
    celery_app: Celery = current_app.extensions["celery"]
    return celery_app


def _describe(found: AsyncResult) -> dict[str, Any]:
    """The manual's three fields; while the task waits or runs also how far it is, and in the end why it failed."""
    state, value = found.state, found.result
    answer = {"ready": state in READY_STATES, "successful": state == "SUCCESS", "value": None}
    if state == "SUCCESS":
        return answer | {"value": value}
    if answer["ready"]:
        return answer | {"error": _("The task failed: %(error)s", error=f"{type(value).__name__}: {value}")}
    if state == "PROGRESS" and isinstance(value, dict):  # two reads: the task may have failed in between
        return answer | {"state": state, **value}
    return answer | {"state": state} | _describe_worker(state)


def _describe_worker(state: str) -> dict[str, Any]:
    """A task that has not started: is there anybody who could?"""
    if state != "PENDING" or _celery().control.ping(timeout=0.5, limit=1):
        return {}
    return {"worker": False, "error": _("No worker is running. Start one: %(command)s", command=_WORKER)}
