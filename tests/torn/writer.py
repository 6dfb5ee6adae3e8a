"""Somebody who changes everything all the time, as a program: `python -m tests.torn.writer URL`."""

import itertools
import sys
import time

from tests.torn.bank import change_all, connect

PAUSE = 0.002
"""Seconds between two changes: nobody else gets at SQLite while one writes without any."""


def main(url: str) -> None:
    with connect(url) as engine:
        for number in itertools.count(1):
            with engine.connect().execution_options(writes=True) as connection, connection.begin():
                change_all(connection, number)
            time.sleep(PAUSE)


if __name__ == "__main__":
    main(*sys.argv[1:])
