import sys
from pathlib import Path

import pytest

from benchmarks.process import FailedError, run

GRAB = "import time; held = bytearray(150_000_000); time.sleep(0.3)"
START_ANOTHER = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{GRAB}'], check=True)"


def test_the_memory_of_a_process_that_it_starts_counts(tmp_path: Path) -> None:
    without = run([sys.executable, "-c", "pass"], tmp_path / "log", folder=tmp_path)
    taken = run([sys.executable, "-c", START_ANOTHER], tmp_path / "log", folder=tmp_path)
    assert without.peak < 100_000_000
    assert 150_000_000 < taken.peak < 250_000_000
    assert taken.seconds > 0.3


def test_the_work_of_a_process_that_it_starts_counts(tmp_path: Path) -> None:
    work = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    idle = run([sys.executable, "-c", "import time; time.sleep(0.5)"], tmp_path / "log", folder=tmp_path)
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}], check=True)"
    busy = run([sys.executable, "-c", start], tmp_path / "log", folder=tmp_path)
    assert busy.cpu > 0.5 > idle.cpu


def test_a_way_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="no such thing"):
        run([sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path / "log", folder=tmp_path)
