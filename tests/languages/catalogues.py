"""Files of translations: read, brought up to date, written, and what is wrong with them."""

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.pofile import read_po, write_po

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")
TAG = re.compile(r"</?\w+[^>]*>")
HEAD = "# {language}: the texts of Satchel. `make languages` adds new ones and drops old ones.\n#"


def list_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.po"))


def read(file: Path) -> Catalog:
    """Raises PoFileError for what cannot be read."""
    return read_po(BytesIO(file.read_bytes()), locale=file.stem, abort_invalid=True)


def update(catalogue: Catalog, found: Catalog) -> Catalog:
    """The texts of `found`, with the translations there are; one that has changed a little keeps its own as fuzzy."""
    catalogue.update(found)
    catalogue.obsolete.clear()
    return catalogue


def write(catalogue: Catalog, file: Path) -> None:
    """Without dates and lines, so that nothing changes but texts."""
    catalogue.header_comment = HEAD.format(language=catalogue.locale.english_name)
    packed = BytesIO()
    write_po(packed, catalogue, width=120, omit_header=False, sort_by_file=False, include_lineno=False)
    kept = (line for line in packed.getvalue().decode().splitlines(keepends=True) if not line.startswith(_CHANGING))
    file.write_text("".join(kept), encoding="utf-8")


_CHANGING = (
    '"POT-Creation-Date',
    '"PO-Revision-Date',
    '"Generated-By',
    '"Report-Msgid',
    '"Last-Translator',
    '"Project-Id',
)


def find_faults(catalogue: Catalog, found: Catalog) -> Iterator[str]:
    """What keeps a language from being whole, in words."""
    texts = {_key(message) for message in found if message.id}
    known = {_key(message) for message in catalogue if message.id}
    yield from (f"missing: {text}" for text in sorted(texts - known))
    yield from (f"no longer in the code: {text}" for text in sorted(known - texts))
    yield from (f"obsolete: {text}" for text in map(str, catalogue.obsolete))
    for message in catalogue:
        if message.id:
            yield from (f"{fault}: {_key(message)}" for fault in _faults_of(message, catalogue.num_plurals))


def _faults_of(message: Message, plurals: int) -> Iterator[str]:
    texts = [message.id] if isinstance(message.id, str) else list(message.id)
    said = _said(message)
    if not has_all(message) or (message.pluralizable and len(said) != plurals):
        yield "not translated"
        return
    if message.fuzzy:
        yield "fuzzy"
    for each in said:
        yield from (fault for fault, find in _PIECES.items() if find(each) not in [find(text) for text in texts])


_PIECES: dict[str, Callable[[str], object]] = {
    "other placeholders": lambda text: sorted(set(PLACEHOLDER.findall(text))),
    "other HTML": lambda text: sorted(TAG.findall(text)),
    "other spaces at the ends": lambda text: (text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]),
}


def has_all(message: Message) -> bool:
    """Whether each of its forms is translated."""
    return all(_said(message))


def _said(message: Message) -> list[str]:
    return [message.string or ""] if isinstance(message.string, str | None) else list(message.string)


def _key(message: Message) -> str:
    return " | ".join(message.id) if message.pluralizable else str(message.id)
