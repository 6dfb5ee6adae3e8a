"""How long a silent PostgreSQL is waited for."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """In seconds."""

    connect: float
    """For a new connection, and for one of the pool that has rested to say that it is there."""
    answer: float
    """For a statement. Pages, the ledger and the lease's renewal have no time for more."""
    lost: float
    """For a statement that may take long: an archive's reading, an operator's command. Then the server is asked by
    another connection whether it is there."""
    longest: float
    """For the same, although the server is there."""

    @property
    def whole_connect(self) -> int:
        """As libpq has it: 0 is without limit."""
        return math.ceil(self.connect) if math.isfinite(self.connect) else 0
