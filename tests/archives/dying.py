"""A worker's last moments, as a program: it makes an archive of three files and kills itself where it is told to.

`python -m tests.archives.dying USER_ID POINT`, with the settings of the test in its environment.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from app import create_app
from app.archives import ledger
from app.extensions import db
from app.models import State
from tests.archives.parts import claim, publish_parts


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_between_renames() -> None:
    rename = Path.rename
    done: list[Path] = []

    def rename_once(self: Path, target: Any) -> Path:
        if done:
            die()
        done.append(self)
        return rename(self, target)

    Path.rename = rename_once  # type: ignore[method-assign,assignment]


def main(user_id: str, point: str) -> None:
    held = claim(user_id)
    if point == "between two renames":
        die_between_renames()
    names, built = publish_parts(held)
    if point == "before the row is written":
        die()
    if point == "before the commit":
        event.listen(db.session, "after_flush", die)
    if point == "in two transactions":  # the control: the state first, the files later
        ledger._change_mine(held, state=State.READY, part_count=3)
        die()
    ledger.finish(held, names, built)


if __name__ == "__main__":
    with create_app().app_context():
        main(*sys.argv[1:])
