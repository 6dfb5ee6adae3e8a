from pathlib import Path
from zipfile import ZipFile

import pytest
import sqlalchemy as sa

from benchmarks.content import Expected
from benchmarks.media import check_files, make_files, name_files
from benchmarks.readback import LostRowsError


@pytest.fixture
def expected(tmp_path: Path) -> Expected:
    return make_files(tmp_path / "files", 3, 1500)


def pack(tmp_path: Path, cut: int = 1500, leave_out: int = 0) -> Path:
    out = tmp_path / "out"
    out.mkdir()
    with ZipFile(out / "archive.zip", "w") as archive:
        for file in sorted((tmp_path / "files").iterdir())[leave_out:]:
            archive.writestr(f"data/media/{file.name}", file.read_bytes()[:cut])
    return out


def test_whole_files_pass(expected: Expected, tmp_path: Path) -> None:
    check_files(pack(tmp_path), expected)


@pytest.mark.parametrize("harm", [{"cut": 1499}, {"leave_out": 1}])
def test_a_cut_or_missing_file_is_found(harm: dict[str, int], expected: Expected, tmp_path: Path) -> None:
    with pytest.raises(LostRowsError):
        check_files(pack(tmp_path, **harm), expected)


def test_every_file_has_its_row(expected: Expected, tmp_path: Path) -> None:
    database = name_files(tmp_path / "pictures.sqlite", expected.rows)
    engine = sa.create_engine(database.url)
    with engine.connect() as connection:
        stored = connection.execute(sa.text("SELECT stored FROM picture ORDER BY id")).scalars().all()
    engine.dispose()
    assert stored == sorted(file.name for file in (tmp_path / "files").iterdir())
