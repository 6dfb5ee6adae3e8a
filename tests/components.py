"""How long ago the components were brought up to date: `make components`, which fails when it is longer than
docs/security.md promises.

No test looks at the calendar, or an old version could not be tried any more: this command does, before anything lands.
"""

import argparse
import re
import sys
from datetime import date, timedelta
from pathlib import Path

from tests.programs import ROOT

MOST = timedelta(days=92)
"""Three months, as docs/security.md promises."""
_RESOLVED = re.compile(r"# Resolved on (\d{4}-\d\d-\d\d)\.\n")


def find_fault(name: str, text: str, today: date) -> str | None:
    """What is wrong with this list of components, in words; None: nothing."""
    resolved = _RESOLVED.match(text)
    if resolved is None:
        return f"{name} does not say when it was resolved. Type `make requirements`."
    age = today - date.fromisoformat(resolved[1])
    if age > MOST:
        return (
            f"{name} was resolved {age.days} days ago; docs/security.md promises at least every three months. Type "
            "`make requirements`, and `make test`."
        )
    return None


def stamp(text: str, today: date) -> str:
    return f"# Resolved on {today}.\n{_RESOLVED.sub('', text, count=1)}"


def list_files() -> list[Path]:
    return sorted(ROOT.glob("requirements*.txt"))


def main(today: date) -> str | None:
    """What `sys.exit` wants."""
    parser = argparse.ArgumentParser(prog="make components", description=__doc__)
    parser.add_argument("--stamp", action="store_true", help="they have just been resolved")
    if parser.parse_args().stamp:
        for file in list_files():
            file.write_text(stamp(file.read_text(), today))
    faults = [find_fault(file.name, file.read_text(), today) for file in list_files()]
    return "\n".join(filter(None, faults)) or None


if __name__ == "__main__":
    sys.exit(main(date.today()))  # noqa: DTZ011  # the days of whoever works here
