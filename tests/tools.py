"""Programs that nobody here wrote, which check what we write.

One that is missing: its tests skip on a developer's machine and fail where `CI` is set, so that nobody takes silence
for success. `make test` installs them.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from tests.programs import ROOT

VALIDATORS = ROOT / ".venv-tools" / "bin"
"""Python programs of requirements-tools.txt, in an environment of their own."""


def find_tool(*names: str) -> str:
    """The path of the first that is installed."""
    path = f"{VALIDATORS}{os.pathsep}{os.environ['PATH']}"
    found = next(filter(None, (shutil.which(name, path=path) for name in names)), None)
    if found is None:
        miss(f"{names[0]} is not installed: `make test` installs it")
    return found


def find_python() -> str:
    """The interpreter that has pandas."""
    if not (VALIDATORS / "python").exists():
        miss("the environment of requirements-tools.txt is not installed: `make test` installs it")
    return str(VALIDATORS / "python")


def miss(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def run_tool(
    *command: str | Path, cwd: Path | None = None, given: str = "", seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=cwd, input=given, capture_output=True, text=True, errors="replace", timeout=seconds, check=False
    )
