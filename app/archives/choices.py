"""What a person may choose when they ask for an archive, and what this site cannot do."""

from dataclasses import replace

from flask import current_app

from app.engine.categories import list_categories
from app.engine.choices import EVERYTHING, Choices, are_same
from app.engine.shape import FORMATS
from app.models import Archive, User
from app.sources import graph

__all__ = [
    "EVERYTHING",
    "FORMATS",
    "ChoiceError",
    "Choices",
    "are_same",
    "check_choices",
    "is_of",
    "part_sizes",
    "still_possible",
]


class ChoiceError(ValueError):
    """A choice that this site does not offer. `field`: the name in `Choices` of what is wrong."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


def check_choices(choices: Choices) -> None:
    """Raises ChoiceError, whose text is for operators: pages say it in the person's words, beside the field."""
    unknown = sorted(choices.without - optional_categories())
    if unknown:
        known = ", ".join(sorted(optional_categories()))
        raise ChoiceError("without", f"{', '.join(unknown)}: may be left out: {known}.")
    if choices.since and choices.until and choices.since > choices.until:
        raise ChoiceError(
            "until", f"{choices.until} is before {choices.since}: the last day cannot be before the first."
        )
    if not choices.formats <= set(FORMATS):
        raise ChoiceError("formats", f"Formats are {', '.join(FORMATS)}.")
    if choices.part_size is not None and choices.part_size not in part_sizes():
        raise ChoiceError("part_size", f"Files may have {', '.join(map(str, part_sizes()))} bytes, or be one.")


def is_of(archive: Archive, choices: Choices, person: User) -> bool:
    """Whether this archive, which is at work, is what the person would get if they asked for these choices now.

    Its language counts, since the report is written in it; its time zone where days are chosen, since they begin by
    it. Without days that only says how the report tells moments: it is no reason to be refused. Of an archive that an
    earlier version has noted neither is known, and its attempt takes the person's.
    """
    zone = person.time_zone if choices.since or choices.until else None
    now = ((archive.locale, person.language), (archive.time_zone, zone))
    return are_same(archive.choices, choices) and all(None in pair or len({*pair}) == 1 for pair in now)


def still_possible(choices: Choices) -> Choices:
    """Those of an earlier archive, without what the site knows or offers no more."""
    offered = choices.part_size if choices.part_size in part_sizes() else None
    return replace(choices, without=choices.without & optional_categories(), part_size=offered)


def optional_categories() -> frozenset[str]:
    """Names of what may be left out; the account itself never is."""
    return frozenset(node.name for node in list_categories(graph())[1:])


def part_sizes() -> list[int]:
    """Bytes of each file that may be chosen."""
    return list(current_app.config["ARCHIVE_PART_SIZES"])
