"""What leaving something out of an archive means for the rest, in words."""

from flask_babel import gettext as _

from app.archives.holdings import Holding
from app.choice_words import enumerate_words


def describe_bonds(holding: Holding) -> str:
    """What choosing days, or leaving out another category, means for this one; empty: nothing to say."""
    said = []
    if not holding.is_dated:
        said.append(
            _("It has no dates of its own.") if holding.bonds else _("It has no dates: all of it comes along.")
        )
    if holding.bonds:
        titles = enumerate_words(f"“{_(title)}”" for title in holding.bonds)
        said.append(_("What belongs to something left out of %(categories)s is left out with it.", categories=titles))
    return " ".join(said)
