"""Ann's archive of the shop, made in a process of its own: `making URL MOMENT FOLDER`.

The clock stands at MOMENT, in ISO 8601.
"""

import sys
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self
from unittest import mock

import sqlalchemy as sa

from app.engine import snapshot
from app.extensions import prepare_sqlite
from tests.engine.conftest import ANN, make_archive
from tests.engine.shop import make_schema


def main(url: str, moment: str, folder: str) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromisoformat(moment).astimezone(tz)

    engine = sa.create_engine(url)
    prepare_sqlite(engine)
    with mock.patch.object(snapshot, "datetime", Stopped):
        make_archive(ANN, engine, make_schema(), Path(folder))
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
