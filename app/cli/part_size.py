"""The size of each file of an archive, as an operator types it: `2GB`, `512 MB`, or a number of bytes."""

import re
from typing import Any

import click

from app.archives import choices

_UNITS = {"": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
"""As pages count: 1 kB has 1,024 bytes."""


class PartSize(click.ParamType[int]):
    """Bytes; one of the sizes that the site offers."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        offered = choices.part_sizes()
        found = re.fullmatch(r"(\d{1,15}) *((?:[KMGT]B)?)", str(value).upper())
        size = int(found[1]) * _UNITS[found[2]] if found else 0
        if size not in offered:
            self.fail(f"This site offers {', '.join(map(_say, sorted(offered)))}.", param, ctx)
        return size


def _say(size: int) -> str:
    """In the largest unit that leaves no fraction."""
    unit = max((name for name, bytes_ in _UNITS.items() if size % bytes_ == 0), key=lambda name: _UNITS[name])
    return f"{size // _UNITS[unit]}{unit}"
