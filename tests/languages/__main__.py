"""`make languages`: brings every language's file up to the texts of the code, and says what is missing in it."""

import sys

from babel.messages import Catalog

from app import create_app
from app.words import languages
from tests.languages.catalogues import has_all, list_files, read, update, write
from tests.languages.extraction import extract_all


def main() -> int:
    create_app({"SQLALCHEMY_DATABASE_URI": "sqlite://"})
    found = extract_all()
    for file in list_files(languages.FOLDER):
        catalogue = update(read(file), found)
        write(catalogue, file)
        print(f"{file.name}: {len(found)} texts, {_count(catalogue)}")  # noqa: T201  # a command's answer
    return 0


def _count(catalogue: Catalog) -> str:
    missing = [message for message in catalogue if message.id and not has_all(message)]
    fuzzy = [message for message in catalogue if message.id and message.fuzzy]
    return f"{len(missing)} without a translation, {len(fuzzy)} to be looked at again (marked fuzzy)"


if __name__ == "__main__":
    sys.exit(main())
