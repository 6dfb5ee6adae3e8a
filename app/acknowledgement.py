"""How a worker tells the broker that a message is done: for certain, or over a new connection.

Celery finds it by name, in the worker only.
"""

import logging

from celery.worker import request

log = logging.getLogger(__name__)


class Request(request.Request):
    """A task that a worker has taken, as Celery has it.

    When the broker does not take an acknowledgement, Celery logs that and goes on. The message counts as unfinished
    for ever then, a worker may have only so many of those, and soon it takes no more: alive, silent, and deaf. Here
    the error is left to the worker's loop, which connects anew, and begins to count again.
    """

    acknowledged: bool

    def acknowledge(self) -> None:
        if not self.acknowledged:
            swallowed: tuple[type[Exception], ...] = ()
            self._on_ack(log, swallowed)
            self.acknowledged = True
