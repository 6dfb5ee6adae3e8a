"""The person chooses how large each file may be: from a closed list, kept in the row, told to the engine."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.archives import making, service
from app.archives.choices import ChoiceError, Choices
from app.engine import build
from app.engine.build import Order
from app.models import State, User
from tests.archives.conftest import change, load

GIGABYTE = 1024**3


def test_the_form_offers_what_the_site_offers(app: Flask, ann_client: FlaskClient) -> None:
    assert "Size of each file" not in ann_client.get("/archives/new").text  # nobody needs two files for so little
    app.config["ARCHIVE_PART_SIZES"] = [500, GIGABYTE]
    page = ann_client.get("/archives/new").text
    options = re.findall(r'<option value="(\d*)"( selected)?>([^<]+)<', page)
    assert options == [
        ("", " selected", "One file"),
        ("500", "", "500 bytes"),
        (str(GIGABYTE), "", "1 GB"),
    ]


@pytest.mark.parametrize(
    ("sent", "kept"), [({}, None), ({"part_size": ""}, None), ({"part_size": "2147483648"}, 2**31)]
)
def test_the_choice_is_kept_in_the_row_and_only_the_id_travels(
    ann: User, ann_client: FlaskClient, rung: list[str], sent: dict[str, str], kept: int | None
) -> None:
    answer = ann_client.post("/archives/", data=sent)
    assert answer.status_code == 303
    (archive,) = service.list_archives(ann.id)
    assert (archive.part_size, rung) == (kept, [ann.id])
    assert ("Files of up to 2 GB" in ann_client.get(answer.location).text) == (kept is not None)


@pytest.mark.parametrize("sent", ["1", "0", "-1", "1073741825", "1 GB", "x", "None", "1e9"])
def test_anything_else_is_refused_in_words(ann: User, ann_client: FlaskClient, rung: list[str], sent: str) -> None:
    answer = ann_client.post("/archives/", data={"part_size": sent})
    assert answer.status_code == 422
    assert "Choose one of the sizes in the list." in answer.text
    assert "<title>Error: Request an archive" in answer.text
    assert (list(service.list_archives(ann.id)), rung) == ([], [])


def test_the_service_refuses_it_too(ann: User) -> None:
    with pytest.raises(ChoiceError):
        service.request_archive(ann.id, Choices(part_size=5))
    assert list(service.list_archives(ann.id)) == []


def test_an_active_archive_keeps_its_own_choice(ann: User) -> None:
    first, _ = service.request_archive(ann.id, Choices(part_size=GIGABYTE))
    assert service.request_archive(ann.id, Choices(part_size=2 * GIGABYTE)) == (first, False)
    assert load(first).part_size == GIGABYTE


def test_the_engine_is_told(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[Order] = []

    def build_and_note(order: Order, **rest: Any) -> build.Built:
        orders.append(order)
        return build.build_archive(order, **rest)

    monkeypatch.setattr(making, "build_archive", build_and_note)
    for chosen in (None, 4 * GIGABYTE):
        archive_id, _ = service.request_archive(ann.id, Choices(part_size=chosen))
        making.generate(ann.id)
        assert load(archive_id).state == State.READY
        service.delete(ann.id, archive_id)
    assert [order.choices.part_size for order in orders] == [None, 4 * GIGABYTE]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.READY, "Try the missing items again"),
        (State.FAILED, "Try again"),
        (State.EXPIRED, "Request again"),
        (State.CANCELLED, "Request again"),
    ],
)
def test_asking_again_keeps_the_choice(
    ann: User, ann_client: FlaskClient, journal: object, state: State, words: str
) -> None:
    archive_id, _ = service.request_archive(ann.id, Choices(part_size=2 * GIGABYTE))
    making.generate(ann.id)
    change(archive_id, state=state)
    page = ann_client.get(f"/archives/{archive_id}").text
    assert words in page
    assert f'name="archive_id" value="{archive_id}"' in page
    ann_client.post("/archives/again", data={"archive_id": archive_id})
    latest = service.list_archives(ann.id)[0]
    assert (latest.id == archive_id, latest.part_size) == (False, 2 * GIGABYTE)


def test_a_size_no_longer_offered_gives_way_to_one_file(app: Flask, ann: User, ann_client: FlaskClient) -> None:
    archive_id, _ = service.request_archive(ann.id, Choices(part_size=2 * GIGABYTE))
    service.cancel(ann.id, archive_id)
    app.config["ARCHIVE_PART_SIZES"] = [GIGABYTE]
    ann_client.post("/archives/again", data={"archive_id": archive_id})
    assert service.list_archives(ann.id)[0].part_size is None


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["archives", "request", "--user", "ann@example.org", *words])


@pytest.mark.parametrize(("text", "size"), [("1GB", GIGABYTE), ("2 gb", 2 * GIGABYTE), ("4294967296", 4 * GIGABYTE)])
def test_an_operator_chooses_too(app: Flask, ann: User, rung: list[str], text: str, size: int) -> None:
    assert run(app, "--part-size", text).exit_code == 0
    assert [archive.part_size for archive in service.list_archives(ann.id)] == [size]


@pytest.mark.parametrize("text", ["3GB", "GB", "-1", "1.0GB", "1XB", "9" * 400, ""])
def test_an_operator_is_told_what_is_offered(app: Flask, ann: User, rung: list[str], text: str) -> None:
    done = run(app, "--part-size", text)
    assert (done.exit_code, rung) == (2, [])
    assert "This site offers 1GB, 2GB, 4GB." in done.output
