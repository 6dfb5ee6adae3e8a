"""Where a person goes after signing in: back to a page of this site, and never to another."""

_FIRST_VISIBLE = "!"
_DELETE = "\x7f"


def safe_next(target: str | None) -> str | None:
    r"""`target` if it is a path on this site, otherwise None.

    Browsers read a backslash as a slash and drop tabs and line breaks, so `/\evil.example` and `/<tab>/evil.example`
    lead away although they begin with a single slash.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if any(character < _FIRST_VISIBLE or character in {"\\", _DELETE} for character in target):
        return None
    return target
