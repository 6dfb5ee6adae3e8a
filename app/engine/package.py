"""A finished folder becomes a bag (BagIt, RFC 8493), and the bag one ZIP file.

The same folder gives the same bytes: fixed order, one timestamp, no owner, no machine.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from app.engine.minisign import Signer
from app.engine.shape import Edition

CHUNK = 1024**2
COMPRESSED = frozenset({".gif", ".jpg", ".jpeg", ".png", ".webp", ".mp4", ".mp3", ".zip", ".gz", ".7z"})

Advance = Callable[[int], None]
"""Told the number of bytes just done."""


def hash_payload(folder: Path, advance: Advance) -> dict[str, str]:
    """The SHA-256 of every file below `data/`, by its path beside `data`."""
    return {path.relative_to(folder).as_posix(): hash_file(path, advance) for path in _files(folder / "data")}


def write_bag(folder: Path, edition: Edition, digests: Mapping[str, str], signer: Signer | None = None) -> None:
    """Add the tag files that make `folder` a bag with `data/` as its payload.

    `digests`: what is known already of the files below it. Whoever changes a byte of any file changes the tag
    manifest, so its signature covers all.
    """
    payload = list(_files(folder / "data"))
    size = sum(path.stat().st_size for path in payload)
    claim = f"Signed-With: minisign {signer.key_id}\n" if signer else ""
    _write(folder / "bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    _write(
        folder / "bag-info.txt",
        f"Source-Organization: {_one_line(edition.site)}\n"
        f"External-Identifier: {edition.reference}\n"
        f"External-Description: Personal data of one person, read at {edition.snapshot_at.isoformat()}\n"
        f"Bagging-Date: {edition.snapshot_at.date().isoformat()}\n"
        f"Bag-Software-Agent: Satchel\n"
        f"{claim}"
        f"Payload-Oxum: {size}.{len(payload)}\n",
    )
    _write(folder / "manifest-sha256.txt", _manifest(folder, payload, digests))
    tags = [path for path in _files(folder) if path.relative_to(folder).parts[0] != "data"]
    _write(folder / "tagmanifest-sha256.txt", _manifest(folder, tags, {}))
    if signer:
        _sign(folder / "tagmanifest-sha256.txt", edition, signer)


def _sign(path: Path, edition: Edition, signer: Signer) -> None:
    comment = f"archive {edition.reference}, read at {edition.snapshot_at.isoformat()}"
    _write(path.with_name(f"{path.name}.minisig"), signer.sign(path.read_bytes(), comment))


def zip_bag(folder: Path, target: Path, edition: Edition, advance: Advance) -> None:
    """Pack `folder` under its own name into `target`, which must not exist."""
    moment = edition.snapshot_at.timetuple()[:6]
    with zipfile.ZipFile(target, "x") as package:
        for path in _files(folder):
            member = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", moment)
            member.create_system = 3
            member.external_attr = 0o100644 << 16
            stored = path.suffix.lower() in COMPRESSED
            member.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            member.file_size = path.stat().st_size  # tells zipfile whether ZIP64 is needed
            _copy(path, package, member, advance)


def _copy(path: Path, package: zipfile.ZipFile, member: zipfile.ZipInfo, advance: Advance) -> None:
    with path.open("rb") as source, package.open(member, "w") as place:
        while chunk := source.read(CHUNK):
            place.write(chunk)
            advance(len(chunk))


def measure(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(path.stat().st_size for path in _files(folder))


def hash_file(path: Path, advance: Advance = lambda _: None) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            advance(len(chunk))
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(path for path in folder.rglob("*") if path.is_file()))


def _manifest(folder: Path, paths: list[Path], digests: Mapping[str, str]) -> str:
    names = [(path, path.relative_to(folder).as_posix()) for path in paths]
    return "".join(f"{digests.get(name) or hash_file(path)}  {name}\n" for path, name in names)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _one_line(text: str) -> str:
    return " ".join(text.split())
