"""The writers of data files, by the formats that are wanted."""

from collections.abc import Sequence

from app.engine.shape import TableShape
from app.engine.writers import Writer
from app.engine.writers.to_csv import CsvWriter
from app.engine.writers.to_json import JsonWriter


def choose_writers(shape: TableShape, formats: Sequence[str]) -> list[Writer]:
    """JSON first. The report is no data file."""
    writers: list[Writer] = [JsonWriter(shape), CsvWriter(shape)]
    return [writer for writer in writers if writer.ending in formats]
