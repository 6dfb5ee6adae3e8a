"""Secrets that a secrets manager lays into a folder as files: systemd's credentials, secrets of Docker and Kubernetes.

They never enter the environment, which every child inherits and /proc shows. Settings enter it.
"""

import os
from collections.abc import Callable, Collection
from pathlib import Path

FOLDER = "CREDENTIALS_DIRECTORY"
"""systemd's name for it."""


class CredentialError(ValueError):
    """A file that cannot be taken; the message says which and what to do, and shows nothing of it."""


def read_credentials(names: Collection[str], looks_ours: Callable[[str], bool]) -> dict[str, str]:
    """What the files of these names hold, in the folder that the environment names, if it names one.

    `looks_ours`: other programs' credentials may lie there too, but a misspelt name of ours would be passed over, and
    the site might start without what it was given. Raises CredentialError.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return {}
    try:
        found = {path.name: path for path in Path(folder).iterdir()}
    except OSError as error:
        raise CredentialError(
            f"{FOLDER} names what cannot be read ({error.strerror}). It must be the folder that the secrets manager "
            "fills, or unset."
        ) from error
    for name in sorted(found.keys() - set(names)):
        if looks_ours(name):
            raise CredentialError(
                f"{name} cannot be a file in {FOLDER}: files there may be called {', '.join(names)}. Rename it; other "
                "settings stand in the environment."
            )
    return {name: _read(found[name]) for name in names if name in found}


def _read(path: Path) -> str:
    """Without the line's end, which editors and `echo` add."""
    try:
        value = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise CredentialError(f"{path} cannot be read ({error.strerror}). Let this account read it.") from error
    except UnicodeDecodeError:
        raise CredentialError(f"{path} is no text. Write the value into it in UTF-8.") from None  # the cause holds it
    if not value:
        raise CredentialError(f"{path} is empty. Write the value into it, or take the file away.")
    return value
