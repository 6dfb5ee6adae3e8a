"""A browser in a few words of ours: what it says of itself is long, and may be what somebody wants repeated."""

import ipaddress

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", _l("an iPhone")),
    ("iPad", _l("an iPad")),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def name_browser(user_agent: str) -> str:
    browser, system = (_first(names, user_agent) for names in (_BROWSERS, _SYSTEMS))
    browser = browser or _("an unknown browser")
    return str(_("%(browser)s on %(system)s", browser=browser, system=system) if system else browser)


def name_address(ip_address: str) -> str:
    try:
        return str(ipaddress.ip_address(ip_address))
    except ValueError:
        return str(_("an unknown address"))


def _first(names: tuple[tuple[str, str | LazyString], ...], text: str) -> str:
    """The order decides: browsers name each other."""
    return str(next((name for sign, name in names if sign in text), ""))
