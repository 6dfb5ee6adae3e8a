"""The disk that archives lie on, which can be full for a while.

Root mounts a small file system of its own and takes its free space away: writes then end with ENOSPC, as on a full
disk. Others limit the size of files that workers write (EFBIG): the nearest thing that needs no rights.
"""

import os
import resource
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEBIBYTES = 2048
"""Taken from memory only as far as it is used."""
LIMIT = 4096
"""Bytes of a file, where no file system can be mounted."""


class Disk:
    def __init__(self, folder: Path, *, is_mounted: bool) -> None:
        self.folder = folder
        self._is_mounted = is_mounted

    def fill(self, writers: Iterable[int]) -> None:
        """`writers`: the processes that may be held back instead."""
        if self._is_mounted:
            self.leave(0)
        else:
            _limit_files(writers, LIMIT)

    def empty(self, writers: Iterable[int]) -> None:
        if self._is_mounted:
            self._resize(MEBIBYTES << 20)
        else:
            _limit_files(writers, resource.RLIM_INFINITY)

    def leave(self, size: int) -> None:
        """Of a mounted one, so many free bytes, a multiple of a page."""
        used = os.statvfs(self.folder)
        self._resize((used.f_blocks - used.f_bfree) * used.f_frsize + size)

    def _resize(self, size: int) -> None:
        """`size`: bytes; 0 would mean no limit. It is more when files grow faster than this machine looks."""
        step = 1 << 16
        while not self._remount(max(size, 4096)):
            size, step = size + step, 2 * step

    def _remount(self, size: int) -> bool:
        """False when more is used."""
        mount = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        return subprocess.run(mount, check=False, capture_output=True).returncode == 0


def _limit_files(processes: Iterable[int], size: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def make_disk(folder: Path) -> Iterator[Disk]:
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEBIBYTES}m,mode=700", "tmpfs", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        yield Disk(folder, is_mounted=is_mounted)
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
