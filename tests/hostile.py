"""A site where every text that people can give is hostile, entered through the site's own forms and its import.

Ann owns it all. Each payload is another member's name, the name of somebody known from an import, a title, text, tag,
comment, picture's name and description, file's name, and stands in what browsers say of themselves.
"""

import io
import json
import re
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.journal.tags import TAGS_MAX
from tests.conftest import PASSWORD
from tests.engine.report.test_hostile import PAYLOADS as LONG
from tests.web.conftest import PNG

EMAIL = "ann'{`onload=x`}&amp/@example.org"
HOST = "http://b"
PAYLOADS = tuple(payload.replace("http://beacon.invalid", HOST) for payload in LONG)
"""The report's own, with an address so short that each fits into a name."""
MARKDOWN = (
    "{}",
    "[x](<{}>)",
    "[x](javascript:{})",
    "[x](https://example.org '{}')",
    "![x](<{}>)",
    "<{}@example.org>",
    "[x](mailto:{})",
    "`{}`",
    "```{}\nx\n```",
    "[x]: <{}>\n\n[x]",
)
SIGNS = ("=", "+", "-", "@", "\t=", "\r=", " =", "|", "%", "'=", "＝")  # spreadsheets take that one too
FORMULAS = tuple(f"{sign}cmd|' /C calc'!A0" for sign in SIGNS)
TITLE_MAX = 200


def write_everything(app: Flask, folder: Path) -> FlaskClient:
    """Returns Ann's browser."""
    ann = sign_up(app, PAYLOADS[0], EMAIL)
    members = [f"m{number}@example.org" for number in range(len(PAYLOADS))]
    for email, payload in zip(members, PAYLOADS, strict=True):
        client = sign_up(app, payload, email)
        post(client, "/journal/new", title=payload, body=payload, visibility="members")
    import_comments(app, folder)
    write_entries(ann, members)
    for agents in pack(PAYLOADS, 400):
        post(app.test_client(), "/sign-in", agent=agents, email=EMAIL, password=PASSWORD)
    return ann


def sign_up(app: Flask, name: str, email: str) -> FlaskClient:
    client = app.test_client()
    post(client, "/sign-up", name=name, email=email, password=PASSWORD, time_zone="UTC")
    return client


def write_entries(ann: FlaskClient, members: Sequence[str]) -> None:
    """The first has every file, comment and reader, and as many tags as an entry may have; the next has the others,
    and the rest the titles, a few payloads in each.
    """
    tags, others = (", ".join(some) for some in (PAYLOADS[:TAGS_MAX], PAYLOADS[TAGS_MAX:]))
    everything = {"visibility": "chosen", "readers": "\n".join(members), "tags": tags}
    body = "\n\n".join(form.format(payload) for payload in PAYLOADS for form in MARKDOWN)
    names = [f"{texts}{end}" for texts, end in zip(pack(PAYLOADS, 240), cycle((".png", ".html")), strict=False)]
    files = [(io.BytesIO(PNG if name.endswith(".png") else name.encode()), quote(name)) for name in names]
    described = pack(PAYLOADS, 500)
    post(ann, "/journal/new", title="Everything", body=body, files=files, description=described, **everything)
    address = re.search(r"/journal/[0-9a-f-]{36}", ann.get("/journal").text)
    assert address
    for payload in pack(PAYLOADS, 9000):
        post(ann, f"{address[0]}/comments", body=payload)
    post(ann, "/journal/new", title="The other tags", body="As above.", visibility="private", tags=others)
    for title in (*pack(PAYLOADS, TITLE_MAX), *FORMULAS):
        post(ann, "/journal/new", title=title, body=title, visibility="private")


def quote(name: str) -> str:
    """As it stands between quotation marks in a header; the test client leaves that to us, and would cut it there."""
    return name.replace("\\", "\\\\").replace('"', '\\"')


def import_comments(app: Flask, folder: Path) -> None:
    """What only an import brings: authors who cannot sign in, and texts that begin with spaces."""
    comments = [{"author": payload, "body": payload} for payload in PAYLOADS]
    comments += [{"author": formula, "body": formula} for formula in FORMULAS]
    file = folder / "journal.jsonl"
    file.write_text(json.dumps({"title": "Imported", "comments": comments}), encoding="utf-8")
    done = app.test_cli_runner().invoke(args=["journal", "import", str(file), "--user", EMAIL])
    assert f"{len(comments)} comments" in done.output, done.output


def post(client: FlaskClient, path: str, agent: str = "Mozilla/5.0", **fields: Any) -> TestResponse:
    """Sends a form, and makes sure that it was taken."""
    answer = client.post(path, data=fields, headers={"User-Agent": agent}, content_type="multipart/form-data")
    assert answer.status_code in {302, 303}, (path, re.findall("field-error[^/]*/span>([^<]+)", answer.text))
    return answer


def pack(texts: Sequence[str], longest: int) -> list[str]:
    """As many in each text as fit."""
    packed: list[str] = []
    for text in texts:
        if packed and len(packed[-1]) + 1 + len(text) <= longest:
            packed[-1] += f" {text}"
        else:
            packed.append(text)
    return packed
