"""The disk of the stack is really full while it should be, whichever way this machine allows."""

import errno
import os
import sys
from pathlib import Path

import pytest

from tests.chaos.disk import LIMIT, Disk, make_disk
from tests.programs import Program, wait_until

WRITER = """
import sys, time
while not time.sleep(0.02):
    try:
        with open(sys.argv[1], "ab") as file:
            file.write(bytes(100_000))
    except OSError as error:
        print("refused", error.errno, flush=True)
    else:
        print("written", flush=True)
"""


def check_full_and_not_full(disk: Disk, log: Path, number: int) -> None:
    writer = Program([sys.executable, "-c", WRITER, str(disk.folder / "file")], log)
    try:
        writer.wait_for("written")
        disk.fill([writer.pid])
        writer.wait_for(f"refused {number}")
        disk.empty([writer.pid])
        wait_until(lambda: "written" in writer.log().rpartition("refused")[2], what="an emptied disk")
    finally:
        writer.stop(seconds=0)


@pytest.mark.worker
def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    check_full_and_not_full(Disk(tmp_path, is_mounted=False), tmp_path / "log", errno.EFBIG)
    assert LIMIT < 100_000


@pytest.mark.worker
def test_a_file_system_without_space(tmp_path: Path) -> None:
    with make_disk(tmp_path / "disk") as disk:
        if not os.path.ismount(disk.folder):
            pytest.skip("file systems can only be mounted by root")
        check_full_and_not_full(disk, tmp_path / "log", errno.ENOSPC)
    assert not os.path.ismount(tmp_path / "disk")
