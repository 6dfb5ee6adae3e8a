"""pandas: `read_sql` in chunks of 50,000 rows, as CSV in a ZIP. Runs in the peers' environment."""

import sys
import zipfile

import pandas as pd
from sqlalchemy import create_engine, text

QUERY = """SELECT id, person_id, created_at, kind, place, body, CAST(amount AS TEXT) AS amount,
CAST(meta AS TEXT) AS meta FROM event WHERE person_id = 1"""  # as text, or the JSON comes out as Python prints a dict
ROWS = 50_000


def main(url: str, _case: str, folder: str) -> None:
    engine = create_engine(url).execution_options(stream_results=True)
    file = f"{folder}/archive.zip"
    with (
        engine.connect() as connection,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("event.csv", "w", force_zip64=True) as member,
    ):
        for number, chunk in enumerate(pd.read_sql(text(QUERY), connection, chunksize=ROWS)):
            chunk.to_csv(member, index=False, header=number == 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
