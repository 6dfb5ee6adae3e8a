"""A number for each row, by columns that every way brings out in some form; the sum does not depend on the order."""

import zlib


def fingerprint(number: object, created_at: object, body: object, amount: object, n: object) -> int:
    """Times to the millisecond, since dumpdata cuts the rest; decimals to the cent: sqlite3 writes 1.5 for 1.50."""
    moment = str(created_at)[:23].replace("T", " ")
    return zlib.crc32(f"{number}|{moment}|{body}|{float(str(amount)):.2f}|{n}".encode())
