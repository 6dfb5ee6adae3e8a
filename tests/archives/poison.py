"""A site with a picture that kills whoever opens it: `celery -A tests.archives.poison worker`."""

import os
import signal
from pathlib import Path

from app import create_app
from app.stores import Opened
from app.stores.local import LocalStore

POISON = "poison"
"""The stored name of that picture."""


class Poisoned(LocalStore):
    def open(self, name: str, sha256: str | None = None) -> Opened:
        if name == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().open(name, sha256)


flask_app = create_app()
flask_app.extensions["stores"]["uploads"] = Poisoned(Path(flask_app.config["UPLOAD_DIR"]), one_link=False)
celery_app = flask_app.extensions["celery"]
