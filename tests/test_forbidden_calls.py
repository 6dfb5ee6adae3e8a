"""What our own code never does, read from its source; and each of these is found where it is done."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import ROOT

RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
MODULES = {
    "pickle", "marshal", "shelve", "dill", "yaml", "jsonpickle",  # make any object from bytes
    "xml", "lxml", "defusedxml", "ldap", "ldap3",
    "graphene", "strawberry", "websockets", "flask_sock", "jwt",
}  # fmt: skip
TEMPLATES = {"render_template_string", "from_string", "Template", "Markup"}
WEAK_HASHES = {"md5", "sha1", "new"}
CHANCE = {"random", "randint", "choice", "getrandbits"}
TRUSTS_ANYBODY = {"verify", "check_hostname"}
WATCHED = RUNS_TEXT | TEMPLATES | WEAK_HASHES | CHANCE | {name.rpartition(".")[2] for name in SHELLS} | {"format"}
ALLOWED = {
    "app/accounts/breached.py": {"hashlib.sha1"},  # what the list of breached passwords is made of
    "app/engine/report/cells.py": {"Markup"},  # each value in it was escaped by itself, which is quicker
    "app/journal/demo.py": {"random.random", "random.choice", "random.randint"},  # draws what the demo journal tells
    "app/journal/demo_pictures.py": {"random.choice"},
    "app/journal/uploads.py": {"from_string"},  # puremagic's, which makes no template
    "app/web/journal.py": {"Markup"},  # what the sanitiser has let through
}


def find_forbidden(source: str) -> Iterator[str]:
    """The names of what must not be, as often as it is."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            yield from _find_imported(node)
        elif isinstance(node, ast.Call):
            yield from _find_called(node)


def _find_imported(node: ast.ImportFrom) -> Iterator[str]:
    module = (node.module or "").partition(".")[0]
    if module in MODULES:
        yield module
    if module == "random":
        yield from (each.name for each in node.names if each.name in CHANCE)


def _find_called(node: ast.Call) -> Iterator[str]:
    if not node.keywords and getattr(node.func, "attr", getattr(node.func, "id", "")) not in WATCHED:
        return  # most calls: spelling them all out took 2 s
    called = ast.unparse(node.func)
    owner, _, name = called.rpartition(".")
    if called in RUNS_TEXT | SHELLS or (owner == "random" and name in CHANCE):
        yield called
    if owner == "hashlib" and name in WEAK_HASHES:
        yield called
    if name in TEMPLATES and not all(isinstance(each, ast.Constant) for each in node.args):
        yield name
    if name == "format" and isinstance(node.func, ast.Attribute) and _is_given(node.func.value):
        yield "format"
    for given in node.keywords:
        value = given.value.value if isinstance(given.value, ast.Constant) else None
        if (given.arg == "shell" and value is not False) or (given.arg in TRUSTS_ANYBODY and value is False):
            yield given.arg or ""


def _is_given(node: ast.expr) -> bool:
    """Whether a format string comes from a request, as far as its source tells."""
    return "request." in ast.unparse(node) or ".data" in ast.unparse(node)


def test_our_code_does_none_of_it() -> None:
    paths = sorted((ROOT / "app").rglob("*.py"))
    assert len(paths) > 100
    found = {str(path.relative_to(ROOT)): set(find_forbidden(path.read_text())) for path in paths}
    assert {path: names for path, names in found.items() if names} == ALLOWED


PLANTED = {
    "eval(request.args['x'])": "eval",
    "os.system('rm ' + name)": "os.system",
    "subprocess.run(command, shell=True)": "shell",
    "import pickle": "pickle",
    "from xml.etree import ElementTree": "xml",
    "render_template_string(entry.body)": "render_template_string",
    "environment.from_string(title)": "from_string",
    "Markup(f'<b>{name}</b>')": "Markup",
    "hashlib.md5(password)": "hashlib.md5",
    "hashlib.new('sha1')": "hashlib.new",
    "token = random.getrandbits(128)": "random.getrandbits",
    "from random import choice": "choice",
    "request.args['greeting'].format(user)": "format",
    "session.get(url, verify=False)": "verify",
}


@pytest.mark.parametrize("source", PLANTED)
def test_each_of_them_is_found(source: str) -> None:
    assert PLANTED[source] in set(find_forbidden(source))


def list_scripts() -> list[Path]:
    return [path for folder in ("app/web/static", "app/engine/report/assets") for path in (ROOT / folder).glob("*.js")]


STORES = ("localStorage", "sessionStorage", "indexedDB", "document.cookie", "caches.open")
AS_HTML = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(", "new Function")
OTHER_DOORS = ("postMessage", "WebSocket", "RTCPeerConnection", "importScripts")


def test_no_script_keeps_anything_in_the_browser_or_reads_text_as_html() -> None:
    scripts = {path.name: path.read_text() for path in list_scripts()}
    assert len(scripts) > 10
    found = [
        (name, word) for name, text in scripts.items() for word in (*STORES, *AS_HTML, *OTHER_DOORS) if word in text
    ]
    assert found == []
