"""The files that devices uploaded: who may see, read and delete them, and what a browser is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.api.files import FileContent
from holdfast.devices.device import DEVICE
from holdfast.devices.file_uploads import FILE_UPLOAD, THE_SETTING
from holdfast.devices.uploads import records
from holdfast.devices.uploads.content import store
from holdfast.devices.uploads.model import StoredBlock, Upload, UploadLimits
from holdfast.kernel.clock import SystemRandomness
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.log.view import StateView
from holdfast.log.writer import GroupCommitWriter
from holdfast.storage.blobs import Blobs, LocalBlobs
from tests.api.in_memory import InMemory, open_api

FILES = "/api/devices/dev-1/files"
LIMITS = UploadLimits()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return LocalBlobs(tmp_path / "files", b"k" * 32, SystemRandomness())


@pytest.fixture
def api(tmp_path: Path, blobs: Blobs) -> Iterator[InMemory]:
    with open_api(tmp_path, extensions={FileContent: FileContent(blobs)}) as api:
        api.world.put(DEVICE, "dev-1", {})
        yield api


def upload(api: InMemory, blobs: Blobs, id: str, name: str, content: bytes, address: str = "") -> None:
    """What the gateway does with a device's file."""
    now = api.world.clock.now()
    part = store(blobs, id, content)
    begun = Upload(id, "dev-1", name, now, now + 3600, content_type="text/html", address=address)

    def take(view: StateView) -> None:
        records.begin(view, begun, LIMITS, now)
        if not address:
            described = begun._replace(committed=now, etag='"1"')
            records.commit(view, begun, [StoredBlock("", (part,))], described, LIMITS)
        records.report(view, "dev-1", id, {"isSuccess": True}, now)

    assert isinstance(api.writer, GroupCommitWriter)
    api.writer.submit(take).result()


def principal(*permissions: Permission, at: str = str(ROOT)) -> Principal:
    grant = Grant(OrganizationPath(at), frozenset(permissions))
    return Principal("someone", PrincipalKind.USER, "Someone", (grant,), address="127.0.0.1")


def test_a_file_is_listed_and_read_and_that_is_recorded(api: InMemory, blobs: Blobs) -> None:
    upload(api, blobs, "file0001", "a/report.csv", b"x,y")
    (listed,) = api.client.get(FILES).json()["value"]
    assert listed.items() >= {"id": "file0001", "name": "a/report.csv", "size": 3, "storage": "local"}.items()
    assert api.client.get(f"{FILES}/file0001").json() == listed
    answer = api.client.get(f"{FILES}/file0001/content")
    assert (answer.content, answer.headers["content-type"]) == (b"x,y", "text/csv; charset=utf-8")
    events = [event for event in api.world.feed.read(0, 1000) if event.name == "deviceFile.read"]
    assert [(event.resource, event.data) for event in events] == [
        ("dev-1", {"file": "file0001", "name": "a/report.csv"})
    ]


def test_nothing_that_a_device_sent_runs_in_a_browser(api: InMemory, blobs: Blobs) -> None:
    upload(api, blobs, "file0001", 'x"; é<script>.html', b"<script>alert(1)</script>")
    headers = api.client.get(f"{FILES}/file0001/content").headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"] == (
        "attachment; filename*=UTF-8''x%22%3B%20%C3%A9%3Cscript%3E.html"
    )


def test_files_are_for_those_who_may(api: InMemory, blobs: Blobs) -> None:
    upload(api, blobs, "file0001", "a", b"x")
    paths = [FILES, f"{FILES}/file0001", f"{FILES}/file0001/content"]
    api.speaking.append(principal(Permission.DEVICE_READ))
    assert {api.client.get(path).status_code for path in paths} == {403}
    api.speaking.append(principal(Permission.DEVICE_FILES_READ, at="/elsewhere"))
    assert {api.client.get(path).status_code for path in paths} == {404}
    api.speaking.append(principal(Permission.DEVICE_FILES_READ))
    assert {api.client.get(path).status_code for path in paths} == {200}
    assert api.client.delete(f"{FILES}/file0001").status_code == 403


def test_deleting_asks_the_gateway(api: InMemory, blobs: Blobs) -> None:
    upload(api, blobs, "file0001", "a", b"x")
    assert api.client.delete(f"{FILES}/file0001").status_code == 204
    (event,) = [event for event in api.world.feed.read(0, 1000) if event.name == "device.file-deleted"]
    assert (event.resource, event.data) == ("dev-1", {"file": "file0001"})
    assert api.client.get(f"{FILES}/..%2Fdev-2%2Ffile0001").status_code == 404


def test_a_file_elsewhere_is_read_through_a_signed_redirect(api: InMemory, blobs: Blobs) -> None:
    setting: JsonObject = {
        "connectionString": "DefaultEndpointsProtocol=https;AccountName=plant;AccountKey=a2V5",
        "container": "plant-files",
        "sasTtl": "PT1H",
    }
    api.world.put(FILE_UPLOAD, THE_SETTING, setting)
    address = "https://plant.blob.core.windows.net/plant-files/dev-1/a"
    upload(api, blobs, "file0001", "a", b"", address)
    answer = api.client.get(f"{FILES}/file0001/content", follow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{address}?sv=")
    assert "&sp=r&" in answer.headers["location"]
