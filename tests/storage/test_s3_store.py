"""A bucket: what is said when it cannot be used, and that the storage's operator reads nothing."""

import socket
from collections.abc import Iterator

import pytest

from holdfast.kernel.clock import SystemRandomness
from holdfast.kernel.errors import NotFoundError, UnavailableError
from holdfast.storage import s3_store
from holdfast.storage.blobs import SealedBlobs
from holdfast.storage.s3_store import S3Place, S3Store
from tests.support.object_storage import object_storage, stored


@pytest.fixture(scope="module")
def place() -> Iterator[S3Place]:
    with object_storage() as place:
        yield place


@pytest.fixture(autouse=True)
def _no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_store, "RETRIES", 0)


@pytest.fixture
def unreachable(place: S3Place) -> Iterator[S3Place]:
    """The place behind a port that nobody listens on: bound, so that nobody else takes it meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield place._replace(endpoint=f"https://127.0.0.1:{holder.getsockname()[1]}")


def test_the_operator_of_the_storage_sees_sealed_bytes_under_the_prefix(place: S3Place) -> None:
    blobs = SealedBlobs(S3Store(place), b"k" * 32, SystemRandomness())
    blobs.put("ab/file", b"what the plant made today")
    seen = stored(place, "ab/file")
    assert seen.startswith(b"HFB1")
    assert b"plant" not in seen


def test_a_storage_that_works_has_no_problem_and_its_trial_is_no_blob(place: S3Place) -> None:
    store = S3Store(place)
    assert (store.check(), store.problem()) == ("", "")
    assert not any("health" in name for name in store.names(""))


def test_an_unreachable_storage_is_named_with_the_cause(unreachable: S3Place) -> None:
    store = S3Store(unreachable)
    with pytest.raises(UnavailableError, match=r"https://127\.0\.0\.1:\d+/device-files .*(sending|connect)"):
        store.put("a", b"x")
    assert "does not do what is asked" in store.problem()
    assert store.check() == store.problem()


def test_a_missing_bucket_is_a_problem_and_a_missing_blob_is_not(place: S3Place) -> None:
    store = S3Store(place._replace(bucket="elsewhere"))
    with pytest.raises(UnavailableError, match="no such bucket; make it"):
        store.put("a", b"x")
    assert "bucket" in store.check()
    store = S3Store(place)
    with pytest.raises(NotFoundError, match="no blob “missing”"):
        store.read("missing")
    assert store.problem() == ""


def test_an_endpoint_with_another_authority_is_refused(place: S3Place) -> None:
    store = S3Store(place._replace(authority_pem=b""))
    with pytest.raises(UnavailableError):
        store.put("a", b"x")


def test_the_secret_is_in_no_message(unreachable: S3Place) -> None:
    secret = unreachable._replace(secret_access_key="wJalrXUtnFEMI")
    assert "wJalrXUtnFEMI" not in repr(secret) + S3Store(secret).check()
