"""The options of select boxes and radio buttons, as WTForms wants them; its published types still lack the class."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # new in WTForms 3.3

CHOOSE = lazy_gettext("Choose from the list.")
"""Said to whoever sends something else."""


def choices(options: Iterable[tuple[str, str]]) -> Any:
    """From pairs of value and label."""
    return [SelectChoice(value, label) for value, label in options]
