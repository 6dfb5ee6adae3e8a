"""A browser in a few words of ours: what it says of itself is long, and may be what somebody wants repeated."""

import ipaddress

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
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def name_browser(user_agent: str) -> str:
    browser, system = (_first(names, user_agent) for names in (_BROWSERS, _SYSTEMS))
    return f"{browser or 'an unknown browser'}{f' on {system}' if system else ''}"


def name_address(ip_address: str) -> str:
    try:
        return str(ipaddress.ip_address(ip_address))
    except ValueError:
        return "an unknown address"


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    """The order decides: browsers name each other."""
    return next((name for sign, name in names if sign in text), "")
