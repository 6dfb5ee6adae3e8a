"""How often one person may search: each search reads every text that it may find.

Turning the pages of what was found counts too, since each page is searched for anew; lists without words do not.
"""

from flask import request

from app.extensions import limiter
from app.web.writing import asker
from app.words.text import clean_line

PER_MINUTE = 20


def asked_words() -> str:
    return clean_line(request.args.get("q"))


def _asks_for_none() -> bool:
    return not asked_words()


limit_searching = limiter.shared_limit(
    f"{PER_MINUTE} per minute", "searching", key_func=asker, exempt_when=_asks_for_none
)
