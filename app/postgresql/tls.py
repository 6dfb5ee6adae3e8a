"""A PostgreSQL on another machine is reached by TLS, and its certificate is checked, unless somebody says otherwise.

libpq's own default, `prefer`, goes on without TLS wherever a server, or whoever stands before it, says it has none.
"""

import re
import ssl
from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import Any

from app.tls import is_here

_BUNDLES = ("ca-certificates.crt", "ca-bundle.crt")
"""What Debian and Fedora call the file of all authorities in the folder that has a file for each."""
_REFUSED = re.compile("SSL error(?!: .*alert)|SSL was required|verified SSL|(server|root) certificate")
"""libpq's own words. Those of a server that wants a certificate of ours are others, and an alert is about ours."""


def secure(named: Mapping[str, Any]) -> dict[str, str]:
    """What libpq is told besides what it is told by name; nothing for a server on this machine.

    Its variables count as the URL does. A service file is not read: it may lead anywhere.
    """
    if _find(named, "sslmode") or not _leads_away(named):
        return {}
    authorities = {} if _find(named, "sslrootcert") else {"sslrootcert": _find_authorities()}
    return {"sslmode": "verify-full", **authorities}


def advise(error: Exception, named: Mapping[str, Any]) -> str | None:
    """What to do when a connection has failed; None: for no reason of TLS."""
    if not _REFUSED.search(str(error)):
        return None
    authorities = _find(named, "sslrootcert") or "sslrootcert"
    return (
        "The server must speak TLS, and its certificate must be valid, bear the name that DATABASE_URL has as host, "
        f"and come from an authority in {authorities}. If the authority is your own, add sslrootcert=FILE to "
        "DATABASE_URL; if nobody else can listen on the way there, sslmode=disable."
    )


def _find(named: Mapping[str, Any], name: str) -> str:
    return str(named.get(name) or environ.get(f"PG{name.upper()}") or "")


def _leads_away(named: Mapping[str, Any]) -> bool:
    """With several hosts, one is enough: all of them are connected to in the same way."""
    places = [place for name in ("host", "hostaddr") for place in _find(named, name).split(",")]
    return bool(_find(named, "service")) or not all(map(_is_here, places))


def _is_here(place: str) -> bool:
    """A socket's folder or name, libpq's default, or this machine's address among its own."""
    return not place or place.startswith(("/", "@")) or is_here(place)


def _find_authorities() -> str:
    """A file: libpq takes no folder. Its word `system` means nothing to the OpenSSL of psycopg's wheel, which looks in
    a folder that no machine has, and finds what SSL_CERT_FILE and SSL_CERT_DIR name at most.
    """
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath or paths.openssl_capath)
    files = (*filter(None, [paths.cafile]), *(str(folder / name) for name in _BUNDLES))
    return next((file for file in files if Path(file).is_file()), "system")
