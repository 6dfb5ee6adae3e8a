"""How many addresses without an account a person may name as readers: some typing errors, and no list of guesses.

Whoever mistypes an address has to be told which. Whoever may ask for any number of addresses learns who is a member.
"""

from collections.abc import Callable

from flask import current_app
from flask_login import current_user
from limits import parse
from limits.strategies import RateLimiter
from redis import RedisError

from app.extensions import limiter

PER_HOUR = 20
_LIMIT = parse(f"{PER_HOUR} per hour")


def may_name_strangers() -> bool:
    """Asked before anything is looked up: once the limit is reached, a form that is taken would tell as well."""
    return _ask(lambda rates, person: rates.test(_LIMIT, person))


def count_strangers(count: int) -> bool:
    """May these still be named? They count in any case."""
    return _ask(lambda rates, person: rates.hit(_LIMIT, person, cost=count))


def _ask(question: Callable[[RateLimiter, str], bool]) -> bool:
    """`limit_writing` has asked before: if Redis was dead then, the limiter counts in this process's memory."""
    if not limiter.enabled:
        return True
    try:
        return question(limiter.limiter, f"strangers {current_user.id}")
    except RedisError:  # it died in this moment; a limit must not turn an entry into a fault
        current_app.logger.exception("Strangers are not counted")
        return True
