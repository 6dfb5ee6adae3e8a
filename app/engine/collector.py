"""Python's collector of cycles while rows go by: it looks for them rarely, since rows and values make none.

Of a build of 300,000 rows it took a twelfth, most of it for looks at all that the application has loaded.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW = 50_000
"""So many more objects that can hold others, and the collector looks among them. Python's own number is 700, and each
row of a batch is such an object."""


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """It still looks: what files, stores and errors leave behind in hours must not pile up."""
    before = gc.get_threshold()
    if not 0 < before[0] < NEW:  # switched off, or another build is at work in this process
        yield
        return
    gc.set_threshold(NEW, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
