"""The tutorial's way: everything the relationship holds, as one list, one string, one member."""

from benchmarks.ways.engine_alone import leave_the_application_out

leave_the_application_out()

import json
import sys
import zipfile
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from benchmarks.shapes import CASES, PERSON
from benchmarks.ways.mapped import map_classes


def main(url: str, case: str, folder: str) -> None:
    classes = map_classes(CASES[case])
    file = Path(folder, "archive.zip")
    with Session(create_engine(url)) as session, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        user = session.get(classes["person"], PERSON)
        for name in CASES[case].tables:
            rows = [row.to_dict() for row in getattr(user, name)]
            archive.writestr(f"{name}.json", json.dumps(rows, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
