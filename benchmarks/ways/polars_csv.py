"""Polars with ADBC: the whole table as one frame, as CSV in a ZIP. Runs in the peers' environment."""

import sys
import zipfile

import polars as pl
from sqlalchemy import make_url

QUERY = """SELECT id, person_id, created_at, kind, place, body, CAST(amount AS TEXT) AS amount,
CAST(meta AS TEXT) AS meta FROM event WHERE person_id = 1"""


def main(url: str, _case: str, folder: str) -> None:
    uri = url if url.startswith("sqlite:") else _libpq(url)
    frame = pl.read_database_uri(QUERY, uri, engine="adbc")
    with (
        zipfile.ZipFile(f"{folder}/archive.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("event.csv", "w", force_zip64=True) as member,
    ):
        frame.write_csv(member)


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
