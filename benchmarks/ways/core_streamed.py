"""SQLAlchemy Core, a thousand rows at a time, `json` and zlib's level 6, one JSON object a line."""

from benchmarks.ways.engine_alone import leave_the_application_out

leave_the_application_out()

import json
import sys
import zipfile
from pathlib import Path

from sqlalchemy import create_engine, select

from benchmarks.shapes import CASES, PERSON, make_schema


def main(url: str, case: str, folder: str) -> None:
    tables = make_schema(CASES[case]).tables
    file = Path(folder, "archive.zip")
    with create_engine(url).connect() as connection, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in CASES[case].tables:
            found = select(tables[name]).where(tables[name].c.person_id == PERSON)
            with archive.open(f"{name}.json", "w", force_zip64=True) as member:
                for row in connection.execute(found, execution_options={"yield_per": 1000}).mappings():
                    member.write(json.dumps(dict(row), default=str).encode() + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
