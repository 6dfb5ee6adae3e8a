"""How many files one person is sent at once, over all web processes: each holds a thread for as long as it takes.

A slot is a lease in Redis, by Redis' own clock: what a killed server held is free again after LEASE_SECONDS. While
Redis is away, each process counts for itself.
"""

import logging
import secrets
import threading
import time
from collections import Counter
from typing import Protocol

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError

from app.extensions import limiter

log = logging.getLogger(__name__)

LEASE_SECONDS = 90
"""A block may take CLIENT_SECONDS, and only between two of them is the lease renewed."""
_RENEW_SECONDS = 15
_counting = threading.Lock()
_taken: Counter[str] = Counter()
_TAKE = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local is_mine = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not is_mine and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


class NoSlotError(Exception):
    """One person is sent no more files than this at once."""


class Slot(Protocol):
    """One file may be sent."""

    def keep(self) -> None:
        """Said now and then while it is sent."""

    def give_back(self) -> None:
        """Once or more often."""


class Unlimited:
    """The slot of a site without limits."""

    def keep(self) -> None:
        """There is nothing to keep."""

    def give_back(self) -> None:
        """There is nothing to give back."""


class _Lease:
    """One of a person's, in a sorted set: its name, and when it ends."""

    def __init__(self, redis: Redis, key: str, most: int) -> None:
        """Raises NoSlotError, RedisError."""
        self._redis, self._key, self._most = redis, key, most
        self._name = secrets.token_hex(8)
        self._renewed = time.monotonic()
        if not self._take():
            raise NoSlotError

    def keep(self) -> None:
        if time.monotonic() - self._renewed < _RENEW_SECONDS:
            return
        self._renewed = time.monotonic()
        try:
            self._take()
        except RedisError as error:
            log.warning("a download goes on uncounted, Redis is away: %s", error)

    def give_back(self) -> None:
        try:
            self._redis.zrem(self._key, self._name)
        except RedisError as error:
            log.warning("a download's slot stays taken for %s s, Redis is away: %s", LEASE_SECONDS, error)

    def _take(self) -> bool:
        return bool(self._redis.eval(_TAKE, 1, self._key, self._name, str(self._most), str(LEASE_SECONDS)))


class _Count:
    """One of those that this process counts."""

    def __init__(self, key: str, most: int) -> None:
        """Raises NoSlotError."""
        with _counting:
            if _taken[key] >= most:
                raise NoSlotError
            _taken[key] += 1
        self._key = key
        self._is_taken = True

    def keep(self) -> None:
        """It is kept until it is given back."""

    def give_back(self) -> None:
        with _counting:
            if self._is_taken:
                self._is_taken = False
                _taken[self._key] -= 1
                if not _taken[self._key]:
                    del _taken[self._key]


def take_slot(user_id: str, kind: str, most: int) -> Slot:
    """One of so many that a person has for this kind of file. Raises NoSlotError."""
    if not current_app.config["RATELIMIT_ENABLED"]:
        return Unlimited()
    key = f"satchel:serving:{kind}:{user_id}"
    connect = getattr(limiter.storage, "get_connection", None)  # only Redis has it
    if connect is not None:
        try:
            return _Lease(connect(), key, most)
        except RedisError as error:
            log.warning("this process alone counts downloads, Redis is away: %s", error)
    return _Count(key, most)
