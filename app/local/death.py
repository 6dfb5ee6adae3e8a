"""Ties a child's life to its parent's. Linux only; elsewhere a killed supervisor leaves its children behind."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1

if sys.platform == "linux":
    _libc = ctypes.CDLL(None)  # loaded before the fork: between fork and exec a child should do next to nothing

    def die_with_parent(number: signal.Signals) -> Callable[[], None]:
        """For `preexec_fn`: the kernel sends the child this signal when its parent is gone, kill -9 included."""
        parent = os.getpid()

        def ask_kernel() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(number))
            if os.getppid() != parent:  # it died before the kernel knew
                os._exit(1)

        return ask_kernel

else:

    def die_with_parent(number: signal.Signals) -> None:
        """The kernel has no such service."""
