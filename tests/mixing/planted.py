"""The control's worker: its application has the one bug that the setting PLANTED names.

`celery -A tests.mixing.planted worker`, in place of `-A make_celery`.
"""

from app import create_app
from tests.mixing.bugs import BUGS

flask_app = create_app()
celery_app = flask_app.extensions["celery"]
BUGS[flask_app.config["PLANTED"]](flask_app)
