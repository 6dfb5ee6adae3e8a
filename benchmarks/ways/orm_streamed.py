"""The ORM, a thousand objects at a time, one JSON object a line."""

from benchmarks.ways.engine_alone import leave_the_application_out

leave_the_application_out()

import json
import sys
import zipfile
from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from benchmarks.shapes import CASES, PERSON
from benchmarks.ways.mapped import map_classes


def main(url: str, case: str, folder: str) -> None:
    classes = map_classes(CASES[case])
    file = Path(folder, "archive.zip")
    with Session(create_engine(url)) as session, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in CASES[case].tables:
            found = select(classes[name]).where(classes[name].person_id == PERSON)
            with archive.open(f"{name}.json", "w", force_zip64=True) as member:
                for row in session.scalars(found.execution_options(yield_per=1000)):
                    member.write(json.dumps(row.to_dict(), default=str).encode() + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
