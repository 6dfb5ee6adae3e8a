"""What was chosen for an archive, in words: for the pages that ask, confirm and show it, and for mails."""

from collections.abc import Iterable
from datetime import date

from babel.lists import format_list
from flask_babel import get_locale, lazy_gettext
from flask_babel import gettext as _

from app.engine.categories import list_categories
from app.engine.choices import Choices
from app.sources import graph
from app.words.figures import day_text, file_size

FORMAT_NAMES = {"report": lazy_gettext("Report"), "json": "JSON", "csv": "CSV"}


def category_titles() -> dict[str, str]:
    """Of what may be left out, by its name in `Choices.without`."""
    nodes = list_categories(graph())[1:]  # the first is the account
    return {node.name: _(node.declaration.title or node.name) for node in nodes}


def describe_choices(choices: Choices, elsewhere: str | None = None) -> list[tuple[str, str]]:
    """Pairs of what could be chosen and what was. `elsewhere`: the time zone of the days, if not the reader's."""
    return [
        (_("Contents"), _contents(choices)),
        (_("Dates"), _days_there(choices, elsewhere)),
        (_("Pictures and files"), _("Included") if choices.files else _("Left out, only listed")),
        (_("Formats"), _formats(choices)),
        (_("Download as"), _sizes(choices.part_size)),
    ]


def sum_up(choices: Choices, elsewhere: str | None = None) -> str:
    """The same in one line, without what is as usual."""
    said = [_contents(choices)]
    if choices.since or choices.until:
        said.append(_days_there(choices, elsewhere))
    if not choices.files:
        said.append(_("Without pictures and files"))
    said.append(_formats(choices))
    if choices.part_size:
        said.append(_sizes(choices.part_size))
    return " · ".join(said)


def _contents(choices: Choices) -> str:
    if not choices.without:
        return str(_("Everything"))
    titles = category_titles()
    without = sorted(titles.get(name, name) for name in choices.without)
    if choices.without.issuperset(titles):
        return str(_("Only your account"))
    return str(_("Everything but: %(categories)s", categories=enumerate_words(without)))


def _days_there(choices: Choices, elsewhere: str | None) -> str:
    days = _dates(choices.since, choices.until)
    if elsewhere is None or not (choices.since or choices.until):
        return days
    return str(_("%(days)s (time zone: %(zone)s)", days=days, zone=elsewhere.replace("_", " ")))


def _dates(since: date | None, until: date | None) -> str:
    if since and until:
        return str(_("From %(first)s to %(last)s", first=day_text(since), last=day_text(until)))
    if since:
        return str(_("From %(first)s on", first=day_text(since)))
    if until:
        return str(_("Up to %(last)s", last=day_text(until)))
    return str(_("All"))


def _formats(choices: Choices) -> str:
    return enumerate_words(str(name) for key, name in FORMAT_NAMES.items() if key in choices.written)


def _sizes(part_size: int | None) -> str:
    return str(_("Files of up to %(size)s", size=file_size(part_size)) if part_size else _("One file"))


def enumerate_words(words: Iterable[str]) -> str:
    """As the language does it: `A, B, and C`."""
    return str(format_list(list(words), locale=get_locale() or "en"))
