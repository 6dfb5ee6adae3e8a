"""Downloads archives as Ann, and prints what the site answers: `python -m tests.archives.downloads ID…`.

First as it is; then, as the control, with its own machine's clock in place of the database's.
"""

import json
import sys
from datetime import UTC, datetime

from app import create_app
from app.archives import service
from tests.archives.conftest import sign_in


def main(*archive_ids: str) -> None:
    site = create_app({"TESTING": True, "WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": False})
    ann = sign_in(site.test_client(), "ann@example.org")

    def ask() -> list[int]:
        return [ann.get(f"/archives/{each}/download", buffered=True).status_code for each in archive_ids]

    answers = [ask()]
    service.read_clock = lambda: datetime.now(UTC)
    answers.append(ask())
    sys.stdout.write(f"answers: {json.dumps(answers)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
