"""Rows to the bytes of one format. A writer takes batches of rows and holds no more of a table than it must."""

from collections.abc import Callable, Sequence

from app.engine.shape import Row

Write = Callable[[Sequence[Row]], None]
"""Takes the next rows of the table. The file is whole when the writer's context ends without an error."""
