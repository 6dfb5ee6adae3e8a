"""Which files may be added, by the ending of their names, and whether what is in them is what the ending says.

A table of our own: puremagic guesses what a file may be, while here one answer is asked about one kind. Nothing is
unpacked: of a ZIP file the names of its members are looked at, in the bytes as they lie there.
"""

import codecs
import mmap
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from flask import current_app

_ZIP = rb"PK\x03\x04"
_BEGINNINGS = {
    "png": rb"\x89PNG\r\n\x1a\n",
    "jpg jpeg jpe jfif": rb"\xff\xd8\xff",
    "gif": rb"GIF8[79]a",
    "webp": rb"RIFF.{4}WEBP",
    "bmp": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}",
    "tif tiff dng nef cr2 arw": rb"II[*+]\0|MM\0[*+]",
    "heic heif hif avif": rb".{4}ftyp(hei|hev|mif1|msf1|avi[fs])",
    "jxl": rb"\xff\x0a|\0{3}\x0cJXL ",
    "ico": rb"\x00\x00\x01\x00[^\x00]\x00",
    "psd": rb"8BPS",
    "mp3": rb"ID3[\x02-\x04]|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]",
    "aac": rb"\xff[\xf0\xf1\xf8\xf9]|ADIF|ID3[\x02-\x04]",
    "ogg oga ogv opus spx": rb"OggS",
    "flac": rb"fLaC",
    "wav": rb"(RIFF|RF64).{4}WAVE",
    "aif aiff aifc": rb"FORM.{4}AIF[FC]",
    "caf": rb"caff\0",
    "mid midi": rb"MThd\0",
    "amr": rb"#!AMR",
    "mp4 m4a m4b m4v mov qt 3gp 3g2": rb".{4}(ftyp(?!hei|hev|mif1|msf1|avi[fs])|moov|mdat|wide|free|skip)",
    "mkv webm mka": rb"\x1a\x45\xdf\xa3",
    "avi": rb"RIFF.{4}AVI ",
    "mpg mpeg vob": rb"\x00\x00\x01[\xba\xb3]",
    "ts mts m2ts": rb"G.{187}G|.{4}G.{191}G",
    "wmv wma asf": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    "pdf": rb"(\xef\xbb\xbf)?\s{0,20}%PDF-",
    "rtf": rb"\{\\rtf",
    "doc xls ppt pps msg vsd pub": rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "odt ott": _ZIP + rb".{26}mimetypeapplication/vnd\.oasis\.opendocument\.text",
    "ods ots": _ZIP + rb".{26}mimetypeapplication/vnd\.oasis\.opendocument\.spreadsheet",
    "odp otp": _ZIP + rb".{26}mimetypeapplication/vnd\.oasis\.opendocument\.presentation",
    "odg": _ZIP + rb".{26}mimetypeapplication/vnd\.oasis\.opendocument\.graphics",
    "epub": _ZIP + rb".{26}mimetypeapplication/epub\+zip",
    "7z": rb"7z\xbc\xaf\x27\x1c",
    "rar": rb"Rar!\x1a\x07",
    "gz tgz": rb"\x1f\x8b\x08",
    "bz2": rb"BZh[1-9]",
    "xz": rb"\xfd7zXZ\0",
    "tar": rb".{257}ustar",
    "exe dll": rb"MZ",
    "elf": rb"\x7fELF",
}
"""By endings of one kind: a file of this kind begins like this."""
_MEMBERS = {"docx docm": rb"word/", "xlsx xlsm": rb"xl/", "pptx pptm ppsx": rb"ppt/"}
"""A ZIP file that has a member which begins like this."""
_PACKED = {"zip pages numbers key kmz": _ZIP + rb"|PK\x05\x06"}
_TEXTS = (
    "txt text md markdown csv tsv json jsonl xml yaml yml log ini tex bib rst org eml ics vcf gpx kml srt vtt",
    "html htm svg js css",
)
"""The second are texts too, but a browser or a system runs them."""
_REFUSED = {"exe", "dll", "elf", "docm", "xlsm", "pptm", *_TEXTS[1].split()}
"""Programs, and what may hold some: an operator can add them."""
_CONTROLS = rb"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]"


def _spread(*tables: dict[str, bytes]) -> Iterator[tuple[str, re.Pattern[bytes]]]:
    for table in tables:
        for endings, pattern in table.items():
            for ending in endings.split():
                yield ending, re.compile(pattern, re.DOTALL)


_MEMBER_OF = {ending: rb"PK\x01\x02.{42}" + start for endings, start in _MEMBERS.items() for ending in endings.split()}
_MEMBER_PATTERNS = dict(_spread(_MEMBER_OF))
_STARTS = dict(_spread(_BEGINNINGS, _PACKED))
_TEXT_ENDINGS = frozenset(" ".join(_TEXTS).split())
_CONTROL = re.compile(_CONTROLS)
TYPES = frozenset({*_STARTS, *_MEMBER_PATTERNS, *_TEXT_ENDINGS} - _REFUSED)
"""Endings that are accepted where no setting says otherwise."""


def find_ending(name: str) -> str:
    """Of a file's name, in small letters and without its dot; nothing if it has none."""
    return PurePath(name).suffix[1:].lower()


def accepted() -> frozenset[str]:
    """Endings, as the operator has set them."""
    chosen, more = (current_app.config[name] for name in ("UPLOAD_TYPES", "UPLOAD_MORE_TYPES"))
    return frozenset(TYPES if chosen is None else chosen) | frozenset(more or ())


def fits(ending: str, file: Path) -> bool:
    """Is in this file what its ending says? Of a kind that the table does not have, nobody here can tell."""
    if ending not in {*_STARTS, *_MEMBER_PATTERNS, *_TEXT_ENDINGS}:
        return True
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _is(ending, content)


def recognise(file: Path) -> str | None:
    """An ending that fits; None: none of the table."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return next((each for each in (*_MEMBER_PATTERNS, *_STARTS, "txt") if _is(each, content)), None)


def _is(ending: str, content: mmap.mmap) -> bool:
    if ending in _TEXT_ENDINGS:
        return _is_text(content)
    if ending in _MEMBER_PATTERNS:
        # Any byte may stand in the directory, so it is looked for, not parsed: a hostile one costs no memory.
        return content[:4] == b"PK\x03\x04" and _MEMBER_PATTERNS[ending].search(content) is not None
    return _STARTS[ending].match(content) is not None


def _is_text(content: mmap.mmap) -> bool:
    """Of any encoding of bytes, old ones too, or UTF-16 with its mark: no byte there that only programs write."""
    if content[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return _is_utf16(content)
    is_document = any(_STARTS[each].match(content) for each in ("pdf", "rtf"))
    return not is_document and _CONTROL.search(content) is None


def _is_utf16(content: mmap.mmap) -> bool:
    decoder = codecs.getincrementaldecoder("utf-16")()
    step = 64 * 1024
    try:
        for at in range(0, len(content), step):
            text = decoder.decode(content[at : at + step], final=at + step >= len(content))
            if _CONTROL.search(text.encode("utf-8", "surrogatepass")):
                return False
    except UnicodeDecodeError:
        return False
    return True
