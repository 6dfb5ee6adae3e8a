"""A connection that notices when PostgreSQL hangs. psycopg waits for an answer as long as the connection is open.

It also keeps the values of rows out of what errors say.

A process that stands still is not gone: the kernel goes on acknowledging what is sent to it, so that neither TCP's
limits nor the server's own timeouts end the wait. Here the client counts the seconds without a byte.
"""

import math
import time
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import psycopg

from app.postgresql.limits import Limits

CANCEL_SECONDS = 1
"""So long PostgreSQL may take to hear that nobody waits any more; one that hangs never does."""


class AttentiveConnection(psycopg.Connection[Any]):
    """Gives up, and is closed, when the server says nothing for too long."""

    limits = Limits(math.inf, math.inf, math.inf, math.inf)
    seconds = math.inf
    """Without an answer, from now on."""
    is_patient = False
    """Asks whether the server is there, and goes on waiting if it is."""

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **more: Any) -> Any:
        """Raises OperationalError."""
        try:
            return super().wait(self._watch(gen), *args, **more)
        except psycopg.errors.IdleInTransactionSessionTimeout as error:
            # psycopg takes it for an error inside the server; it is a connection that is gone, as any other.
            raise psycopg.OperationalError(str(error)) from error
        except psycopg.Error as error:
            _leave_out_values(error)
            raise

    def _watch(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """What `gen` wants and gives. Each tenth of a second psycopg says, by a false value, that there is nothing."""
        heard = asked = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                now = time.monotonic()
                if ready:
                    heard = asked = now
                elif now - asked > self.seconds:
                    self._give_up_unless_it_is_there(now - heard)
                    asked = time.monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _give_up_unless_it_is_there(self, silence: float) -> None:
        if self.is_patient and silence < self.limits.longest and self._is_server_there():
            return
        self._cancel()
        self.close()
        raise psycopg.OperationalError(f"the server has said nothing for {silence:.0f} seconds")

    def _cancel(self) -> None:
        """A server that is merely slow looks at the socket when it has an answer, and would work on for nobody."""
        if not psycopg.capabilities.has_cancel_safe():  # before libpq 17 the only way has no end of its own
            return
        with suppress(psycopg.Error, OSError):
            self.cancel_safe(timeout=CANCEL_SECONDS)

    def _is_server_there(self) -> bool:
        """One that refuses us is there."""
        seconds = self.limits.whole_connect
        try:
            psycopg.connect(self.info.dsn, password=self.info.password, connect_timeout=seconds).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.OperationalError:
            return True
        return True


def _leave_out_values(error: psycopg.Error) -> None:
    """Errors are logged. After the first line come DETAIL and CONTEXT: `Key (email)=(ann@example.org) already exists.`

    Whoever has to act on them finds them in `diag`, in whatever language the server speaks.
    """
    if error.diag.message_primary is not None:
        error.args = (error.diag.message_primary,)
