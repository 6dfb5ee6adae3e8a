"""Django's `dumpdata`, of the person's rows only, into its own `.gz` output. Runs in the peers' environment."""

import sys
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from sqlalchemy import make_url

APP = "benchmarks.ways.django_shop"


def connect(url: str) -> dict[str, Any]:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parsed.database}
    host = parsed.query.get("host") or parsed.host
    names = {"NAME": parsed.database, "USER": parsed.username, "HOST": host, "PORT": parsed.port or ""}
    return {"ENGINE": "django.db.backends.postgresql", **names}


def main(url: str, _case: str, folder: str) -> None:
    settings.configure(DATABASES={"default": connect(url)}, INSTALLED_APPS=[APP], USE_TZ=False)
    django.setup()
    call_command("dumpdata", "django_shop.Event", output=f"{folder}/event.json.gz", verbosity=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
