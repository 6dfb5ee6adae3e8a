"""Every language has every text of the code, and nothing else; translations keep what programs put in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages import Catalog
from flask import Flask

from app.engine.report.words import find_texts, translate_words
from app.words import languages
from tests.languages import catalogues
from tests.languages.bare import find_bare, find_bare_text
from tests.languages.extraction import APP, extract_all, find_marked, list_templates

FILES = catalogues.list_files(languages.FOLDER)


@pytest.fixture(scope="module")
def found() -> Catalog:
    return extract_all()


def test_there_are_languages() -> None:
    assert list(languages.list_languages().items()) == [("en", "English"), ("vi", "Tiếng Việt")]
    assert languages.list_locales()["en_GB"] == "English (United Kingdom)"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_language_is_whole(found: Catalog, file: Path) -> None:
    """`make languages` adds what is missing."""
    assert list(catalogues.find_faults(catalogues.read(file), found)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_as_make_languages_writes_it(found: Catalog, file: Path, tmp_path: Path) -> None:
    again = tmp_path / file.name
    catalogues.write(catalogues.update(catalogues.read(file), found), again)
    assert again.read_text("utf-8") == file.read_text("utf-8")


def test_no_text_that_code_marks_is_passed_over(found: Catalog) -> None:
    marked = {text for file in APP.rglob("*.py") for text in find_marked(file.read_text("utf-8"))}
    assert len(marked) > 100
    assert marked - _texts(found) == set()


@pytest.mark.parametrize(
    ("planted", "text"),
    [
        ("f\"{_('Stands inside')}: {x}\"", "Stands inside"),
        ('lazy_gettext(f"Hello {name}")', "Hello "),
        ('_("One of" if x else "the two")', "One of"),
        ('babel.ngettext("One", "Several of them", x)', "Several of them"),
    ],
    ids=["inside", "f-string", "choice", "plural"],
)
def test_what_is_passed_over_is_found(found: Catalog, planted: str, text: str) -> None:
    """The control: the tree has it, and nobody has translated it."""
    assert text in set(find_marked(planted)) - _texts(found)


def _texts(found: Catalog) -> set[str]:
    return {text for each in found for text in ((each.id,) if isinstance(each.id, str) else each.id)}


FAULTS: dict[str, Callable[[Catalog], object]] = {
    "missing": lambda catalogue: catalogue.delete("Sign out"),
    "no longer in the code": lambda catalogue: catalogue.add("Never said", "x"),
    "not translated": lambda catalogue: setattr(catalogue["Sign out"], "string", ""),
    "fuzzy": lambda catalogue: catalogue["Sign out"].flags.add("fuzzy"),
    "other placeholders": lambda catalogue: setattr(catalogue["%(owner)s’s data"], "string", "%(name)s"),
    "other HTML": lambda catalogue: setattr(catalogue["Sign out"], "string", "<b>Đăng xuất</b>"),
    "other spaces at the ends": lambda catalogue: setattr(catalogue["Sign out"], "string", "Đăng xuất "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(found: Catalog, fault: str) -> None:
    """The control."""
    catalogue = catalogues.read(languages.FOLDER / "vi.po")
    before = set(catalogues.find_faults(catalogue, found))
    FAULTS[fault](catalogue)
    assert any(line.startswith(f"{fault}: ") for line in set(catalogues.find_faults(catalogue, found)) - before)


@pytest.mark.parametrize(("file", "options"), list(list_templates()), ids=lambda each: getattr(each, "name", ""))
def test_no_template_has_words_that_are_not_marked(file: Path, options: dict[str, str]) -> None:
    how = dict.fromkeys(options, True)
    is_html = ".html" in file.suffixes
    assert (find_bare(file.read_text("utf-8"), **how) if is_html else find_bare_text(file, **how)) == []


@pytest.mark.parametrize(
    "planted",
    [
        "<p>Bare words</p>",
        "<p>{{ 'one item' if x else count }}</p>",
        '<input placeholder="Your name">',
        "{{ input(form.name, hint='Other members see it.') }}",
        "{{ link('home.index', 'Journal') }}",
    ],
    ids=["text", "choice", "attribute", "hint", "label"],
)
def test_bare_words_are_found(planted: str) -> None:
    """The control."""
    assert find_bare("<div>{{ _('Marked') }}{% trans %}Marked <b>too</b>{% endtrans %}</div>") == []
    assert len(find_bare(planted)) == 1


def test_the_reports_scripts_speak(app: Flask) -> None:
    """Also where no text is translated, and in a language that has all of them."""
    script = b'const TEXTS = {};\n_("Yes"); _("Nobody \\u003c says this");'
    assert find_texts(script) == ["Yes", "Nobody < says this"]
    assert translate_words(script, languages.translations_of("en")) == script
    assert 'const TEXTS = {"Yes":"Có"};' in translate_words(script, languages.translations_of("vi")).decode()
