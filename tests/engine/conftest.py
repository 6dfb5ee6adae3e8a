import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest
import sqlalchemy as sa

from app.engine.build import Built, Order, build_archive
from app.engine.graph import build_graph
from app.engine.media import OpenFile
from app.engine.minisign import Signer
from app.engine.package import Package
from app.engine.shape import Edition, Subject
from app.extensions import prepare_sqlite
from tests.engine.forging import Members, drop_csv, unpack
from tests.engine.shop import ROWS, make_schema

EDITION = Edition(
    "A\nSite", "A1B2C3D4", datetime(2026, 11, 22, 9, 14, 30, tzinfo=UTC), Subject("1", "Ann", "", "en", "UTC")
)
SIGNER = Signer(bytes(range(32)))
ANN = Order("The Shop", "A1B2C3D4", Subject("1", "Ann", "ann@example.org", "en_GB", "Europe/London"), SIGNER)
FILES = {"a": b"\x89PNG waves", "b": b"not mine", "c": b"nowhere", "page": b"<script>alert(1)</script>"}


def open_file(store: str, name: str) -> BinaryIO:
    assert store == "photos"
    if name not in FILES:
        raise FileNotFoundError(name)
    return io.BytesIO(FILES[name])


@pytest.fixture
def schema() -> sa.MetaData:
    return make_schema()


@pytest.fixture
def engine(schema: sa.MetaData, tmp_path: Path) -> Iterator[sa.Engine]:
    with open_shop(tmp_path, schema) as engine:
        yield engine


@contextmanager
def open_shop(folder: Path, schema: sa.MetaData) -> Iterator[sa.Engine]:
    """A new database in this folder."""
    engine = sa.create_engine(f"sqlite:///{folder / 'shop.sqlite'}")
    prepare_sqlite(engine)
    fill(engine, schema)
    try:
        yield engine
    finally:
        engine.dispose()


def fill(engine: sa.Engine, schema: sa.MetaData) -> None:
    schema.create_all(engine)
    with engine.begin() as connection:
        for name in ("person", "message", "genre", "album", "photo", "setting"):
            for row in ROWS[name]:
                connection.execute(schema.tables[name].insert().values(row))


@pytest.fixture(scope="session")
def signer() -> Signer:
    return SIGNER


@pytest.fixture(scope="session")
def ann() -> Order:
    return ANN


@pytest.fixture(scope="session")
def built_once(ann: Order, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder, schema = tmp_path_factory.mktemp("shop"), make_schema()
    with open_shop(folder, schema) as engine:
        return make_archive(ann, engine, schema, folder / "workspace")


@pytest.fixture
def build(built_once: Built, tmp_path: Path) -> Built:
    """Ann's archive; the file is the test's own."""
    (part,) = built_once.parts
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return replace(built_once, parts=(replace(part, file=Path(shutil.copy(part.file, workspace))),))


def make_archive(
    order: Order, engine: sa.Engine, schema: sa.MetaData, workspace: Path, open_file: OpenFile = open_file
) -> Built:
    """In a new folder of this name."""
    workspace.mkdir()
    return build_archive(
        order,
        engine=engine,
        graph=build_graph(schema),
        open_file=open_file,
        workspace=workspace,
        tell=lambda _step, _done: None,
    )


@pytest.fixture
def archive(build: Built) -> Path:
    """Its file."""
    return build.parts[0].file


@pytest.fixture
def members(archive: Path) -> Members:
    return unpack(archive)


@pytest.fixture(params=["JSON and CSV", "JSON"])
def whole(request: pytest.FixtureRequest, members: Members) -> Members:
    """The members of Ann's archive, and of the same without CSV."""
    return members if request.param == "JSON and CSV" else drop_csv(members)


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Package]:
    """An empty one, to be filled."""
    with Package(tmp_path, EDITION) as package:
        yield package
