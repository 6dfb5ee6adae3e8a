from hypothesis import given
from hypothesis import strategies as st

from app.engine.names import DEVICES, PAGES, file_name

SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-=")


def test_plain_names_stay_as_they_are() -> None:
    assert file_name("entry_tag") == "entry_tag"
    assert file_name("app-2") == "app-2"


def test_other_characters_are_escaped() -> None:
    assert file_name("Order Items") == "=4frder=20=49tems"
    assert file_name("../../etc/passwd") == "=2e=2e=2f=2e=2e=2fetc=2fpasswd"
    assert file_name("đ") == "=c4=91"


def test_no_table_takes_the_place_of_a_page_or_a_device() -> None:
    for name in PAGES | DEVICES:
        assert file_name(name) not in PAGES | DEVICES


def test_long_and_empty_names_are_names_too() -> None:
    assert len(file_name("Ä" * 500)) <= 100
    assert file_name("Ä" * 500) != file_name("Ä" * 501)
    assert file_name("")


@given(st.sets(st.text(max_size=60), max_size=20))
def test_different_tables_have_different_files_on_any_disk(tables: set[str]) -> None:
    names = {file_name(table).casefold() for table in tables}
    assert len(names) == len(tables)


@given(st.text())
def test_a_name_is_safe_anywhere(table: str) -> None:
    name = file_name(table)
    assert set(name) <= SAFE
    assert not name.startswith("-")
