"""docs/asvs.md is complete and names real tests; and a run that does not prove it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.asvs import NONE, ROOT, TABLE, find_faults, list_requirements, read_table, summarize

ROWS = read_table((ROOT / TABLE).read_text())
README = (ROOT / "README.md").read_text()
THIS = "tests/test_asvs.py::test_it_is_complete_and_its_tests_exist"


def test_it_is_complete_and_its_tests_exist() -> None:
    assert list(find_faults(ROWS)) == []


def test_the_requirements_are_those_of_the_standard() -> None:
    levels = list(list_requirements().values())
    assert (levels.count(1), levels.count(2)) == (70, 183)


def test_the_readme_has_its_count() -> None:
    assert summarize(ROWS) in " ".join(README.split())


FAULTS = {
    "a number is missing": ("", "1.1.1 is missing"),
    "a number stands twice": (f"| 1.1.1 | 2 | a | b | `{THIS}` |\n" * 2, "1.1.1 stands there 2 times"),
    "another level": (f"| 1.1.1 | 1 | a | b | `{THIS}` |", "1.1.1: ASVS has no such requirement of level 1"),
    "a number of level 3": (f"| 3.1.1 | 3 | a | b | `{THIS}` |", "3.1.1: ASVS has no such requirement of level 3"),
    "an invented test": (
        "| 1.1.1 | 2 | a | b | `tests/test_asvs.py::test_nothing` |",
        "1.1.1: there is no test tests/test_asvs.py::test_nothing",
    ),
    "an invented file": (
        "| 1.1.1 | 2 | a | b | `tests/no.py::test_a` |",
        "1.1.1: there is no test tests/no.py::test_a",
    ),
    "what is no test": (
        "| 1.1.1 | 2 | a | b | `tests/asvs.py::exists` |",
        "1.1.1: there is no test tests/asvs.py::exists",
    ),
    "met without a test": (f"| 1.1.1 | 2 | a | b | {NONE} |", "1.1.1: it is met, and names 0 tests"),
    "not met with a test": (f"| 1.1.1 | 2 | a | Not met: b | `{THIS}` |", "1.1.1: it is not met, and names 1 tests"),
    "no reason": (
        f"| 1.1.1 | 2 | a | Not applicable: | {NONE} |",
        "1.1.1: it does not say what is asked, or how it is met, or why not",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_table_is_refused(fault: str) -> None:
    line, words = FAULTS[fault]
    others = [row for row in ROWS if row.number != "1.1.1"]
    assert words in list(find_faults([*others, *read_table(line)]))


def test_a_row_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="4 cells"):
        read_table("| 1.1.1 | 2 | a | b |")


class TestRun:
    """A project of three tests, and a table that names some of them."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        (tmp_path / "docs").mkdir()
        (tmp_path / "checks").mkdir()
        (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\ntestpaths = ['checks']")
        (tmp_path / "checks" / "test_some.py").write_text(
            "import pytest\n"
            "@pytest.mark.parametrize('case', ['one', 'two'])\ndef test_good(case): pass\n"
            "@pytest.mark.parametrize('case', ['one', 'two'])\n"
            "def test_half(case):\n    if case == 'two': pytest.skip()\n"
            "@pytest.mark.xfail\ndef test_expected(): assert False\n"
        )
        return tmp_path

    def run(
        self, project: Path, named: tuple[str, ...], *more: str, ci: str = "true"
    ) -> subprocess.CompletedProcess[str]:
        tests = "".join(f"`checks/test_some.py::{name}`" for name in named)
        (project / TABLE).write_text(f"| 1.1.1 | 2 | a | b | {tests} |")
        command = (sys.executable, "-m", "pytest", "-p", "tests.asvs_run", "-p", "no:cacheprovider", *more)
        # Of the plugins that are installed it needs one, and they take most of a second to load.
        alone = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environ = {**os.environ, **alone, "CI": ci}
        return subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, check=False)

    def test_what_has_not_passed_is_told(self, project: Path) -> None:
        done = self.run(project, ("test_good", "test_half", "test_expected", "test_gone"), "-p", "xdist", "-n", "2")
        assert done.returncode == 1
        told = done.stdout.partition("have not passed")[2].splitlines()[1:4]
        reasons = {"test_half": "skipped", "test_expected": "skipped", "test_gone": "did not run"}
        assert told == sorted(f"checks/test_some.py::{name}: {reason}" for name, reason in reasons.items())

    @pytest.mark.parametrize(
        ("named", "more"), [("test_good", ()), ("test_half", ("checks",))], ids=["proved", "only some were run"]
    )
    def test_the_others_are_left_alone(self, project: Path, named: str, more: tuple[str, ...]) -> None:
        assert self.run(project, (named,), *more).returncode == 0

    def test_a_developer_may_lack_a_program(self, project: Path) -> None:
        assert self.run(project, ("test_half",), ci="").returncode == 0
        assert self.run(project, ("test_half",)).returncode == 1
