"""How far an archive is: three phases, weighed by what they cost, told to whoever ordered it."""

from collections.abc import Callable

TOTAL = 1000
Tell = Callable[[str, int], None]
"""(step, thousandths done). Called often; raising from it stops the build."""

READING = (0, 800)
PACKING = (800, 820)
CHECKING = (820, 990)  # the last hundredth is publishing


class Progress:
    """Thousandths never go down: phases are begun in their order."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._step = ""
        self._phase = READING
        self._done = 0
        self._total = 1

    def begin(self, phase: tuple[int, int], step: str, total: int) -> None:
        self._phase, self._step, self._done, self._total = phase, step, 0, max(total, 1)
        self.advance(0)

    def advance(self, units: int) -> None:
        """Rows while reading, parts while packing, bytes while checking."""
        self._done += units
        start, end = self._phase
        self._tell(self._step, start + (end - start) * min(self._done, self._total) // self._total)

    def name(self, step: str) -> None:
        self._step = step
