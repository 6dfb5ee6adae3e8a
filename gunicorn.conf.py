"""Gunicorn reads this file where it starts. With FLASK_LOG_FORMAT=json, its own lines are JSON as well.

Only that file of the application is loaded here: what the main process has loaded, `reload` would not load anew.
"""

import os
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from gunicorn.config import Config
from gunicorn.glogging import Logger

_spec = spec_from_file_location("log_format", Path(__file__).with_name("app") / "log_format.py")
_log_format = module_from_spec(_spec)
_spec.loader.exec_module(_log_format)


class JsonLogger(Logger):
    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(_log_format.JsonFormatter())


if os.environ.get("FLASK_LOG_FORMAT") == "json":
    logger_class = JsonLogger
