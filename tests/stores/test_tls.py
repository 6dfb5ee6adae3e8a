"""A store behind https: its certificate is checked, and an authority of one's own can be named."""

from collections.abc import Iterator

import pytest

from app.stores import StoreSettingError, read_address
from app.stores.s3 import S3Store
from tests.certificates import Certificate, make_certificate
from tests.object_store import ObjectStore, bucket_url
from tests.tls_door import Door, run_door


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def door(object_store: ObjectStore, certificate: Certificate) -> Iterator[Door]:
    with run_door(int(object_store.endpoint.rpartition(":")[2]), certificate) as door:
        yield door


@pytest.fixture
def store(door: Door, bucket: str) -> S3Store:
    return S3Store(read_address(bucket_url(f"https://127.0.0.1:{door.port}", bucket)), "archives")


def test_a_certificate_that_nobody_vouches_for(store: S3Store, door: Door) -> None:
    with pytest.raises(StoreSettingError, match="certificate verify failed"):
        store.check()
    assert door.came == []


def test_an_authority_of_our_own(
    store: S3Store, door: Door, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the only one then."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate.certificate))
    store.check()
    assert set(door.came) == {"TLSv1.3"}


def test_a_certificate_for_another_name(
    door: Door, certificate: Certificate, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: above, the same server is believed under the name that its certificate has."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate.certificate))
    store = S3Store(read_address(bucket_url(f"https://localhost:{door.port}", bucket)), "archives")
    with pytest.raises(StoreSettingError, match="hostname 'localhost' doesn't match"):
        store.check()
    assert door.came == []
