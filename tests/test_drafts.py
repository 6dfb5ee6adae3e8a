"""A file that is replaced as a whole is written as a draft first; of who was killed meanwhile the draft is swept."""

import os
import time
from pathlib import Path
from typing import Any

from app import create_app
from app.archives import reconciling, storage


def test_what_a_killed_start_has_left_is_swept(sqlite_settings: dict[str, Any]) -> None:
    """A draft holds a key as well. The controls: a young one, and what is nobody's draft."""
    app = create_app(sqlite_settings)
    instance, public = Path(app.instance_path), Path(app.config["PUBLIC_KEY_DIR"])
    public.mkdir()
    (public / "0123.pub").touch()
    (instance / "audit_anchor").touch()
    left = [instance / f"{name}.{'0a' * 8}" for name in ("secret_key", "audit_anchor")]
    left.append(public / f"0123.pub.{'0a' * 8}")
    stays = [instance / f"secret_key.{name}" for name in ("0a" * 7, "old", "0A" * 8)]
    stays.append(instance / f"somebody's.{'0a' * 8}")
    young = instance / f"signing_key.{'0a' * 8}"
    for path in (*left, *stays, young, instance / "secret_key"):
        path.touch()
        if path != young:
            os.utime(path, (0, time.time() - storage.SWEEP_AGE - 60))
    with app.app_context():
        reconciling.reconcile()
    assert [path for path in left if path.exists()] == []
    assert all(path.exists() for path in (*stays, young, instance / "secret_key", public / "0123.pub"))
