"""How a worker takes a message and tells the broker that it is done: for certain, or over a new connection.

Celery finds it by name, in the worker only.
"""

import logging
from typing import Any

from celery.exceptions import InvalidTaskError
from celery.worker import request
from kombu.exceptions import ContentDisallowed, DecodeError

log = logging.getLogger(__name__)


class Request(request.Request):
    """A task that a worker has taken, as Celery has it.

    When the broker does not take an acknowledgement, Celery logs that and goes on. The message counts as unfinished
    for ever then, a worker may have only so many of those, and soon it takes no more: alive, silent, and deaf. Here
    the error is left to the worker's loop, which connects anew, and begins to count again.
    """

    acknowledged: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Raises what Celery throws a message away for, also when the message is one that Celery did not think of.

        Any other error ends the worker, and the message waits for the next: the body `[]` ended one after the other.
        """
        try:
            super().__init__(*args, **kwargs)
        except (InvalidTaskError, ContentDisallowed, DecodeError):
            raise
        except Exception as error:
            raise InvalidTaskError(f"a message that is no task: {type(error).__name__}") from error
        self.time_limits = (None, None)  # ours count: with those of a message, whoever writes one fails an archive

    def acknowledge(self) -> None:
        if not self.acknowledged:
            swallowed: tuple[type[Exception], ...] = ()
            self._on_ack(log, swallowed)
            self.acknowledged = True
