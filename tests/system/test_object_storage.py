"""An instance whose device files lie in S3-compatible storage: in, out, and what it says when that fails."""

import contextlib
import ssl
from collections.abc import Iterator

import httpx
import pytest

from holdfast.storage.s3_store import S3Place, S3Store
from tests.support.object_storage import object_storage, settings_of
from tests.support.running import RunningInstance, running
from tests.support.uploading_device import upload
from tests.support.waiting import until

DATA = b"holdfast " * 150_000


@pytest.fixture(scope="module")
def storage() -> Iterator[tuple[S3Place, contextlib.ExitStack]]:
    """The place, and what stops its server."""
    with contextlib.ExitStack() as server:
        yield server.enter_context(object_storage()), server


@pytest.fixture(scope="module")
def instance(
    storage: tuple[S3Place, contextlib.ExitStack], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningInstance]:
    folder = tmp_path_factory.mktemp("object-storage")
    with running(folder / "data", **settings_of(storage[0], folder)) as instance:
        with instance.remote() as api:
            api.put("/api/fileUploads", {"connectionString": "Storage=Local", "container": "plant-files"})
            api.put("/api/devices/cam-1", {})
        yield instance


def primary_key(instance: RunningInstance) -> str:
    with instance.remote() as api:
        return str(api.get("/api/devices/cam-1/credentials")["symmetricKey"]["primaryKey"])


def health(instance: RunningInstance) -> httpx.Response:
    with httpx.Client(verify=ssl.create_default_context(cafile=str(instance.root_ca))) as client:
        return client.get(f"{instance.url}/readyz")


def test_a_file_goes_through_the_bucket_sealed_and_leaves_it_when_deleted(
    instance: RunningInstance, storage: tuple[S3Place, contextlib.ExitStack]
) -> None:
    bucket = S3Store(storage[0])
    upload(instance, "cam-1", primary_key(instance), DATA)
    with instance.remote() as api:
        (file,) = api.get("/api/devices/cam-1/files")["value"]
        path = f"/api/devices/cam-1/files/{file['id']}"
        assert api.download(f"{path}/content") == DATA
        names = bucket.names("")
        assert len(names) == 2  # two blocks
        assert not any(b"holdfast" in bucket.read(name) for name in names)
        assert not any(local.is_file() for local in (instance.data / "device-files").rglob("*"))
        api.delete(path)
    until(lambda: not bucket.names(""))


def test_a_storage_that_fails_stops_uploads_and_nothing_else(
    instance: RunningInstance, storage: tuple[S3Place, contextlib.ExitStack]
) -> None:
    assert health(instance).json()["warnings"] == []
    storage[1].close()
    with pytest.raises(Exception, match=r"ServiceUnavailable|503|does not answer"):
        upload(instance, "cam-1", primary_key(instance), b"x")
    answer = health(instance)
    assert answer.status_code == 200
    (warning,) = answer.json()["warnings"]
    assert "object storage" in warning
