"""Small archives, one after the other in warm processes: `small_accounts URL PROCESSES SECONDS FOLDER`.

Loads what a worker has loaded, forks as Celery does, lets each process make a few archives, and then counts those that
all of them make together. Each is verified, synced to the disk and renamed. Prints the seconds of one archive.
"""

import multiprocessing
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlalchemy import Engine

from app import disk
from app.engine.graph import Graph, build_graph
from benchmarks.archives import build, connect
from benchmarks.shapes import CASES, make_schema

WARM = 3


def main(url: str, processes: str, seconds: str, folder: str) -> None:
    graph = build_graph(make_schema(CASES["events"]))
    fork = multiprocessing.get_context("fork")
    barrier, made = fork.Barrier(int(processes)), fork.Queue()

    def work(name: str) -> None:
        made.put(count(url, graph, float(seconds), barrier, Path(folder, name)))

    workers = [fork.Process(target=work, args=(f"{number}.zip",)) for number in range(int(processes))]
    for worker in workers:
        worker.start()
    rates = [made.get() for _ in workers]
    for worker in workers:
        worker.join()
    print(1 / sum(rates))


def count(url: str, graph: Graph, seconds: float, barrier: Barrier, target: Path) -> float:
    """Archives a second."""
    engine = connect(url)
    for _ in range(WARM):
        make(engine, graph, target)
    barrier.wait()
    started, number = time.perf_counter(), 0
    while (taken := time.perf_counter() - started) < seconds:
        make(engine, graph, target)
        number += 1
    return number / taken


def make(engine: Engine, graph: Graph, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as workspace:
        [file] = build(engine, graph, Path(workspace))
        disk.sync(file)
        file.replace(target)
        disk.sync(target.parent)


if __name__ == "__main__":
    main(*sys.argv[1:])
