"""Whoever has the broker's password can send anything: no code of theirs runs, and no archive is made for it."""

import base64
import json
import os
import pickle
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from app.archives import ledger, service
from app.extensions import db
from app.models import Archive, State, User
from tests.programs import Program, start_worker, wait_until

pytestmark = pytest.mark.worker

MESSAGES = 1000
QUEUE = "celery"


class Code:
    """Unpickled, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey, "EXAMPLES": False}


@pytest.fixture
def broker(valkey: str) -> Iterator[Redis]:
    with Redis.from_url(valkey) as broker:
        yield broker


def forge(task: str, body: bytes, content_type: str = "application/json", **headers: Any) -> str:
    """A message as it lies in the queue."""
    name = str(uuid.uuid4())
    properties = {
        "correlation_id": name,
        "delivery_mode": 2,
        "delivery_tag": name,
        "delivery_info": {"exchange": "", "routing_key": QUEUE},
        "priority": 3,
        "body_encoding": "base64",
    }
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "binary" if "python" in content_type else "utf-8",
            "content-type": content_type,
            "headers": {"lang": "py", "task": task, "id": name, "root_id": name, **headers},
            "properties": properties,
        }
    )


def spell(*args: Any, **kwargs: Any) -> bytes:
    return json.dumps([args, kwargs, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()


def make_forgeries(mark: Path, user_id: str) -> list[Callable[[], str]]:
    ours = "app.tasks.generate_user_archive"
    pickled = pickle.dumps([(Code(mark),), {}, {}])
    python = "application/x-python-serialize"
    chain = [{"task": "os.system", "args": [f"mkdir {mark}"], "kwargs": {}, "options": {}}]
    embedded = json.dumps([[user_id], {}, {"callbacks": chain, "errbacks": chain, "chain": chain, "chord": None}])
    return [
        lambda: forge(ours, pickled, python),
        lambda: forge(ours, pickled, "application/json"),
        lambda: forge(ours, f"!!python/object/apply:os.mkdir [{mark}]".encode(), "application/x-yaml"),
        lambda: forge("os.system", spell(f"mkdir {mark}")),
        lambda: forge("celery.backend_cleanup", spell(f"mkdir {mark}")),
        lambda: forge("app.archives.service.request_archive", spell(user_id)),
        lambda: forge(ours, spell(user_id)),  # a person who has asked for nothing
        lambda: forge(ours, embedded.encode()),
        lambda: forge(ours, spell(str(uuid.uuid4()))),
        lambda: forge(ours, spell({"user_id": user_id}, [user_id], None)),
        lambda: forge(ours, spell("' OR 1=1 --")),
        lambda: forge(ours, spell("../../etc/passwd")),
        lambda: forge("app.tasks.generate_large_archive", spell(user_id)),
        lambda: forge("app.tasks.make_archive_piece", spell("0" * 64)),
        lambda: forge("app.tasks.send_mail", spell(user_id)),
        lambda: forge("app.tasks.sweep_uploads", spell("/etc")),
        lambda: forge("app.tasks.sweep_uploads", spell()),
        lambda: forge(ours, b"\xff\x00 no JSON"),
        lambda: forge(ours, b"[]"),
    ]


def is_idle(broker: Redis) -> bool:
    """Nothing waits, and nobody is at anything."""
    by_priority = (QUEUE, *(f"{QUEUE}\x06\x16{priority}" for priority in (3, 6, 9)))
    return not any([broker.hlen("unacked"), *map(broker.llen, by_priority)])


def let_work(broker: Redis, messages: list[str], worker: Program) -> None:
    """Until each of these messages is done with."""
    broker.lpush(QUEUE, *messages)
    wait_until(lambda: is_idle(broker) or worker.has_ended(), seconds=200, what=f"the end: {worker.log()[-3000:]}")


def count_archives() -> int:
    found = db.session.scalar(select(func.count()).select_from(Archive))
    db.session.commit()
    return found or 0


def test_a_thousand_forged_messages_do_nothing(
    app: Flask,
    ann: User,
    make_person: Callable[..., User],
    broker: Redis,
    start_worker: Callable[..., Program],
    tmp_path: Path,
) -> None:
    mark = tmp_path / "mark"
    forgeries = make_forgeries(mark, ann.id)
    chance = random.Random(9)
    worker = start_worker(concurrency=2)
    let_work(broker, [chance.choice(forgeries)() for _ in range(MESSAGES)], worker)
    assert not mark.exists()
    assert count_archives() == 0
    assert not list(Path(app.config["ARCHIVE_DIR"]).rglob("*.zip"))
    bob = make_person("Bob")
    archive_id, _ = ledger.insert(bob.id)
    hurried = forge("app.tasks.generate_user_archive", spell(bob.id), timelimit=[None, 0.001])
    broker.lpush(QUEUE, hurried)  # as good a bell as any: the time that it gives is not taken
    wait_until(lambda: is_ready(bob.id, archive_id), what=f"an archive that was asked for: {worker.log()[-3000:]}")


def is_ready(user_id: str, archive_id: str) -> bool:
    found = service.find_archive(user_id, archive_id)
    db.session.commit()
    db.session.expire_all()
    return found is not None and found.state == State.READY


def test_a_worker_that_takes_pickles_runs_them(
    app: Flask, ann: User, broker: Redis, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setenv("C_FORCE_ROOT", "true")
    mark = tmp_path / "mark"
    careless = {**settings, "CELERY__accept_content": ["json", "pickle"]}
    worker = start_worker(tmp_path / "log", careless)
    try:
        broker.lpush(QUEUE, make_forgeries(mark, ann.id)[0]())
        wait_until(mark.exists, what=f"the code: {worker.log()}")
    finally:
        worker.stop(seconds=0)
