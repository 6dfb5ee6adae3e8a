"""What one archive shall hold of what a person has: everything, unless they choose less."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.engine.shape import FORMATS

JSON = FORMATS[0]


@dataclass(frozen=True)
class Choices:
    without: frozenset[str] = frozenset()
    """Names of categories that are left out, each with what belongs to it."""
    since: date | None = None
    """The first day, in the person's time zone; rows without a date stay in."""
    until: date | None = None
    """The last day."""
    files: bool = True
    """Whether the pictures and files themselves come along; their rows do in any case."""
    formats: frozenset[str] = frozenset(FORMATS)
    part_size: int | None = None
    """Bytes that one file may have; a row that is larger with its files has a part to itself. None: one file."""

    @property
    def limits_rows(self) -> bool:
        """Whether rows may be left out."""
        return bool(self.without or self.since or self.until)

    @property
    def written(self) -> tuple[str, ...]:
        """The formats, in their order. JSON is one of them in any case: it alone loses nothing."""
        return tuple(name for name in FORMATS if name in self.formats or name == JSON)


EVERYTHING = Choices()


def to_document(choices: Choices) -> dict[str, Any] | None:
    """What JSON can keep of them, but for the size of parts: what is not as by default; None: nothing."""
    chosen: dict[str, Any] = {
        "without": sorted(choices.without),
        "since": choices.since and choices.since.isoformat(),
        "until": choices.until and choices.until.isoformat(),
    }
    kept = {name: value for name, value in chosen.items() if value}
    if not choices.files:
        kept["files"] = False
    if choices.written != FORMATS:
        kept["formats"] = list(choices.written)
    return kept or None


def are_same(one: Choices, other: Choices) -> bool:
    """Whether the same archive comes of both, however that is said."""
    return (to_document(one), one.part_size) == (to_document(other), other.part_size)


def from_document(document: Mapping[str, Any] | None, part_size: int | None) -> Choices:
    kept = document or {}
    return Choices(
        without=frozenset(kept.get("without", ())),
        since=_day(kept.get("since")),
        until=_day(kept.get("until")),
        files=kept.get("files", True),
        formats=frozenset(kept.get("formats", FORMATS)),
        part_size=part_size,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
