"""Calls the engine as the worker does, on the benchmark's own tables."""

import sqlite3
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from app.engine.build import Order, build_archive
from app.engine.choices import Choices
from app.engine.graph import Graph, build_graph
from app.engine.minisign import Signer
from app.engine.progress import Tell
from app.engine.shape import Subject
from benchmarks.shapes import CASES, PERSON, make_picture_schema, make_schema

KEY = bytes(range(32))
PICTURES = "pictures"
SITE, REFERENCE = "Benchmark", "A1B2C3D4"
SUBJECT = Subject(str(PERSON), "Ann", "ann@example.org", "en_GB", "Europe/London")


def make_archive(url: str, case: str, folder: Path, *, json_only: bool) -> None:
    """Leaves the archive in `folder`. `case`: a case's name, or `pictures:` and the folder with the files."""
    kind, _, files = case.partition(":")
    schema = make_picture_schema() if kind == PICTURES else make_schema(CASES[kind])
    engine = connect(url)
    try:
        for file in build(engine, build_graph(schema), folder, json_only=json_only, files=Path(files)):
            file.replace(folder / file.name)
    finally:
        engine.dispose()


def build(
    engine: sa.Engine,
    graph: Graph,
    folder: Path,
    *,
    json_only: bool = False,
    files: Path = Path(),
    tell: Tell = lambda _step, _done: None,
) -> list[Path]:
    """The finished files, somewhere below `folder`."""

    def open_file(_store: str, name: str) -> BinaryIO:
        return (files / name).open("rb")

    order = make_order(json_only=json_only)
    built = build_archive(order, engine=engine, graph=graph, open_file=open_file, workspace=folder, tell=tell)
    return [part.file for part in built.parts]


def make_order(*, json_only: bool) -> Order:
    if json_only:
        return Order(SITE, REFERENCE, SUBJECT, choices=Choices(formats=frozenset({"json"})))
    return Order(SITE, REFERENCE, SUBJECT, Signer(KEY))


def connect(url: str) -> sa.Engine:
    """As `app.extensions.prepare_sqlite` connects, without what that room loads."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
