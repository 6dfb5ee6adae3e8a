"""docs/own-models.md works: its files are written, its commands typed, and what it says they print is printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import ROOT

PAGE = (ROOT / "docs" / "own-models.md").read_text()
STEP = re.compile(r"(?:`(?P<file>\w+\.py)`[^\n]*\n(?:[^\n`]+\n)*\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)


def follow(page: str, folder: Path) -> None:
    """As a reader would, from top to bottom, in one shell's environment. Raises AssertionError where it goes wrong."""
    printed, exports = "", "true"
    for step in STEP.finditer(page):
        text = step["text"]
        if step["kind"] == "python":
            (folder / step["file"]).write_text(text)
        elif step["kind"] == "sh":
            exports, text = (text, "true") if "export " in text else (exports, text)
            printed = type_in(exports.replace("mkdir ../shop && cd ../shop\n", "") + "\n" + text, folder)
        else:
            missing = [line for line in text.splitlines() if line not in printed]
            assert not missing, printed


def type_in(text: str, folder: Path) -> str:
    shell = ["bash", "-c", text]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    done = subprocess.run(
        shell, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The folder `shop` beside a checkout whose .venv is the one that runs this test."""
    checkout = tmp_path / "satchel"
    checkout.mkdir()
    (checkout / ".venv").symlink_to(sys.prefix)
    (checkout / "app").symlink_to(ROOT / "app")
    shop = tmp_path / "shop"
    shop.mkdir()
    return shop


def test_the_page_works_as_it_stands(beside: Path) -> None:
    assert PAGE.count("```") == 2 * len(STEP.findall(PAGE))
    follow(PAGE, beside)
    (order,) = beside.glob("opened/*/data/json/order.json")
    assert "4711" not in order.read_text()
    assert "Rope" not in (order.parent / "product.json").read_text()


def test_a_page_that_has_become_wrong_fails(beside: Path) -> None:
    """The control: a declaration is missing, so the page's own words are not what is printed."""
    wrong = PAGE.replace("mapped_column(info=secret())", "mapped_column()", 1)
    assert wrong != PAGE
    begin, _, rest = wrong.partition("## What is missing")
    declared = rest.partition("## Say what each table is")[2].partition("## An archive")[0]
    with pytest.raises(AssertionError, match="looks like a secret"):
        follow(begin + declared, beside)
