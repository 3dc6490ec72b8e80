"""File upload: what a device is admitted to, what is stored, and what is refused."""

import asyncio
import base64
import hashlib
import json
from pathlib import Path

import pytest

from holdfast.devices.messages import STATE_DELETE, STATE_DELETE_FILE
from holdfast.devices.uploads.content import store
from holdfast.devices.uploads.model import PART_BYTES, UploadLimits
from holdfast.devices.uploads.orphans import sweep_orphans
from holdfast.gateway.https.files import end_overdue
from holdfast.kernel.ids import new_id
from tests.gateway.https.client import SECONDS, once, open_https
from tests.gateway.https.uploading import (
    CONTAINER,
    FILES,
    begun,
    content,
    files,
    path_of,
    raw_files,
    reported,
    set_up,
)
from tests.gateway.platform import Platform, open_platform

BLOCK_BLOB = {"x-ms-blob-type": "BlockBlob"}
DAY = 86_400.0


@pytest.fixture
def token(platform: Platform) -> str:
    return set_up(platform)


def block_list(*ids: str, kind: str = "Latest") -> bytes:
    lines = "".join(f"<{kind}>{id}</{kind}>" for id in ids)
    return f"<?xml version='1.0' encoding='utf-8'?><BlockList>{lines}</BlockList>".encode()


def id_of(number: int) -> str:
    return base64.b64encode(f"block-{number}".encode()).decode()


async def test_a_file_is_stored_encrypted_and_told_in_the_log(platform: Platform, token: str) -> None:
    info = await begun(platform, token)
    assert (info["hostName"], info["containerName"]) == (platform.address, CONTAINER)
    assert info["blobName"] == "dev-1/logs/boot 1.txt"
    body = b"holdfast " * 300_000
    headers = {**BLOCK_BLOB, "Content-Type": "text/plain"}
    put = await once(platform, "PUT", path_of(info), body, headers=headers)
    assert (put.status, put.headers["etag"][:3]) == (201, '"0x')
    assert (await reported(platform, token, info)).status == 204
    (file,) = files(platform)
    assert (file.name, file.size, file.content_type, file.done) == (
        "logs/boot 1.txt",
        len(body),
        "text/plain",
        True,
    )
    assert content(platform, file) == body
    assert len(raw_files(platform)) == -(-len(body) // PART_BYTES)
    assert all(b"holdfast" not in raw for raw in raw_files(platform))
    (record,) = platform.records("uploaded")
    assert json.loads(record.body)["blobName"] == "dev-1/logs/boot 1.txt"


async def test_blocks_are_joined_in_the_order_of_the_list(platform: Platform, token: str) -> None:
    info = await begun(platform, token)
    for number in (2, 1, 3, 2):
        path = path_of(info, f"&comp=block&blockid={id_of(number).replace('=', '%3D')}")
        assert (await once(platform, "PUT", path, b"%d" % number * 3)).status == 201
    listed = await once(platform, "GET", path_of(info, "&comp=blocklist&blocklisttype=all"))
    assert listed.body.count(b"<Size>3</Size>") == 3
    assert (await once(platform, "HEAD", path_of(info))).status == 404, "nothing is committed"
    ids = [id_of(number) for number in (1, 2)]
    put = await once(platform, "PUT", path_of(info, "&comp=blocklist"), block_list(*ids))
    assert put.status == 201
    head = await once(platform, "HEAD", path_of(info))
    assert (head.status, head.headers["content-length"], head.headers["x-ms-blob-type"]) == (
        200,
        "6",
        "BlockBlob",
    )
    assert head.headers["etag"] == put.headers["etag"]
    assert content(platform, files(platform)[0]) == b"111222"
    assert len(raw_files(platform)) == 2, "what the list left out is gone"
    again = block_list(id_of(2), kind="Committed")
    assert (await once(platform, "PUT", path_of(info, "&comp=blocklist"), again)).status == 201
    assert content(platform, files(platform)[0]) == b"222"
    unknown = await once(platform, "PUT", path_of(info, "&comp=blocklist"), block_list(id_of(9)))
    assert (unknown.status, unknown.headers["x-ms-error-code"]) == (400, "InvalidBlockList")


async def test_an_address_admits_to_its_blob_alone_and_for_writing(platform: Platform, token: str) -> None:
    info = await begun(platform, token)
    good = path_of(info)
    bad = [
        good.replace("boot", "loot"),
        good.replace("/dev-1/", "/dev-2/"),
        good.replace(CONTAINER, "other-files"),
        good.replace("sp=cw", "sp=cwd"),
        good.replace("se=2", "se=3"),
        good.replace("sig=", "sig=A"),
        good.replace("sig=", "sig=%ff"),
        f"/{CONTAINER}/dev-1?sig=",
        "/?sig=x",
    ]
    for path in bad:
        answer = await once(platform, "PUT", path, b"x", headers=BLOCK_BLOB)
        assert (answer.status, answer.headers["x-ms-error-code"]) == (403, "AuthenticationFailed"), path
        platform.clock.advance(10)  # before the address is locked out
    assert raw_files(platform) == []
    for method, more in (("GET", ""), ("DELETE", ""), ("PUT", "&comp=metadata"), ("GET", "&comp=list")):
        assert (await once(platform, method, good + more, headers=BLOCK_BLOB)).status == 400


async def test_an_address_ends_with_its_time_the_report_and_the_device(
    platform: Platform, token: str
) -> None:
    late, done, blocked = [await begun(platform, token, name) for name in ("a", "b", "c")]
    await once(platform, "PUT", path_of(done), b"x", headers=BLOCK_BLOB)
    await reported(platform, token, done)
    assert (await once(platform, "PUT", path_of(done), b"y", headers=BLOCK_BLOB)).status == 403
    platform.clock.advance(3601)
    assert (await once(platform, "PUT", path_of(late), b"y", headers=BLOCK_BLOB)).status == 403
    platform.clock.advance(-3601)
    await platform.change("device", "dev-1", {"provisioned": True, "group": "keys", "enabled": False})
    async with asyncio.timeout(SECONDS):
        while (await once(platform, "PUT", path_of(blocked), b"y", headers=BLOCK_BLOB)).status != 403:
            await asyncio.sleep(0.01)  # the news is on its way


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../x",
        "a/../b",
        "a//b",
        "/a",
        "a/",
        ".",
        "a\\b",
        "a\x00b",
        "a\nb",
        "a\u202eb",
        "x" * 900,
        "a. ",
        5,
        None,
    ],
)
async def test_a_name_that_is_no_plain_path_is_refused(platform: Platform, token: str, name: object) -> None:
    answer = await once(platform, "POST", FILES, json.dumps({"blobName": name}).encode(), token)
    assert answer.status == 400
    assert "blobName" in answer.json["Message"]


async def test_a_content_type_that_no_header_can_hold_is_left_out(platform: Platform, token: str) -> None:
    info = await begun(platform, token)
    async with await open_https(platform) as client:
        head = f"PUT {path_of(info)} HTTP/1.1\r\nHost: x\r\nx-ms-blob-type: BlockBlob\r\n"
        client.writer.write(f"{head}Content-Type: text/é\r\nContent-Length: 1\r\n\r\nx".encode())
        assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201 ")
    assert files(platform)[0].content_type == ""
    assert (await once(platform, "HEAD", path_of(info))).status == 200


async def test_a_body_that_was_damaged_on_the_way_is_refused(platform: Platform, token: str) -> None:
    info = await begun(platform, token)
    for body, status in ((b"other", 400), (b"right", 201)):
        md5 = base64.b64encode(hashlib.md5(b"right").digest()).decode()
        headers = {**BLOCK_BLOB, "Content-MD5": md5}
        assert (await once(platform, "PUT", path_of(info), body, headers=headers)).status == status
    assert len(raw_files(platform)) == 1


@pytest.mark.parametrize("more", ["", f"&comp=block&blockid={id_of(1)}"], ids=["blob", "block"])
async def test_what_arrives_after_the_report_is_not_kept(platform: Platform, token: str, more: str) -> None:
    info = await begun(platform, token)
    await once(platform, "PUT", path_of(info), b"first", headers=BLOCK_BLOB)
    async with await open_https(platform) as client:
        client.send_head("PUT", path_of(info, more), PART_BYTES + 1, headers=BLOCK_BLOB)
        client.writer.write(bytes(PART_BYTES))
        async with asyncio.timeout(SECONDS):
            while len(raw_files(platform)) < 2:
                await asyncio.sleep(0.01)
        await reported(platform, token, info)
        client.writer.write(b"x")
        assert (await client.answer()).status == 404
    assert content(platform, files(platform)[0]) == b"first"
    assert len(raw_files(platform)) == 1


async def test_an_upload_that_breaks_off_leaves_nothing(platform: Platform, token: str) -> None:
    info = await begun(platform, token)
    async with await open_https(platform) as client:
        client.send_head("PUT", path_of(info), 3 * PART_BYTES, headers=BLOCK_BLOB)
        client.writer.write(bytes(PART_BYTES + 1))
        async with asyncio.timeout(SECONDS):
            while not raw_files(platform):
                await asyncio.sleep(0.01)
    await platform.gateway.services.tasks.finish()
    assert raw_files(platform) == []
    assert files(platform)[0].size == 0


async def test_an_existing_blob_is_not_overwritten_unless_that_is_meant(
    platform: Platform, token: str
) -> None:
    info = await begun(platform, token)
    only_new = {**BLOCK_BLOB, "If-None-Match": "*"}
    assert (await once(platform, "PUT", path_of(info), b"one", headers=only_new)).status == 201
    refused = await once(platform, "PUT", path_of(info), b"two", headers=only_new)
    assert (refused.status, refused.headers["x-ms-error-code"]) == (409, "BlobAlreadyExists")
    assert content(platform, files(platform)[0]) == b"one"
    assert (await once(platform, "PUT", path_of(info), b"two", headers=BLOCK_BLOB)).status == 201
    await reported(platform, token, info)
    newer = await begun(platform, token)
    assert (await once(platform, "PUT", path_of(newer), b"three", headers=BLOCK_BLOB)).status == 201
    await reported(platform, token, newer)
    (file,) = files(platform)
    assert content(platform, file) == b"three"
    assert len(raw_files(platform)) == 1, "the former file is replaced"


async def test_what_is_reported_as_failed_or_never_finished_goes(platform: Platform, token: str) -> None:
    failed = await begun(platform, token, "failed")
    await once(platform, "PUT", path_of(failed), b"x", headers=BLOCK_BLOB)
    assert (await reported(platform, token, failed, success=False)).status == 204
    assert (files(platform), raw_files(platform)) == ([], [])
    assert (await reported(platform, token, failed)).status == 404
    await begun(platform, token, "forgotten")
    unreported = await begun(platform, token, "unreported")
    await once(platform, "PUT", path_of(unreported), b"x", headers=BLOCK_BLOB)
    platform.clock.advance(3601)
    await end_overdue(platform.gateway.services)
    assert [(file.name, file.done) for file in files(platform)] == [("unreported", True)]


async def test_a_device_has_bounds(tmp_path: Path) -> None:
    limits = UploadLimits(file_bytes=1000, device_bytes=1500, files=12)
    async with open_platform(tmp_path, upload_limits=limits) as platform:
        token = set_up(platform)
        info = await begun(platform, token, "0")
        async with await open_https(platform) as client:
            client.send_head("PUT", path_of(info), 1001, headers=BLOCK_BLOB)
            assert (await client.answer()).status == 413
        assert (await once(platform, "PUT", path_of(info), bytes(1000), headers=BLOCK_BLOB)).status == 201
        other = await begun(platform, token, "1")
        assert (await once(platform, "PUT", path_of(other), bytes(501), headers=BLOCK_BLOB)).status == 403
        block = path_of(other, f"&comp=block&blockid={id_of(1)}")
        assert (await once(platform, "PUT", block, bytes(501))).status == 403
        assert len(raw_files(platform)) == 1, "what was refused is not kept"
        for number in range(2, 10):
            await begun(platform, token, str(number))
        full = await once(platform, "POST", FILES, b'{"blobName":"10"}', token)
        assert (full.status, full.headers["iothub-errorcode"]) == (403, "IotHubQuotaExceeded")


async def test_files_go_with_a_person_s_wish_and_with_the_device(platform: Platform, token: str) -> None:
    for name in ("a", "b"):
        info = await begun(platform, token, name)
        await once(platform, "PUT", path_of(info), b"x", headers=BLOCK_BLOB)
        await reported(platform, token, info)
        platform.clock.advance(1)
    bus, first = platform.control.bus, files(platform)[0]
    for _ in range(2):  # the outbox may ask twice
        await bus.request("gateway", STATE_DELETE_FILE, {"device": "dev-1", "file": first.id}, SECONDS)
    assert [file.name for file in files(platform)] == ["b"]
    await bus.request("gateway", STATE_DELETE, {"device": "dev-1", "event": "1"}, SECONDS)
    assert (files(platform), raw_files(platform)) == ([], [])


async def test_without_the_setting_nothing_is_taken(platform: Platform) -> None:
    token = platform.token("dev-1", platform.device_with_key("dev-1", platform.key_group()))
    answer = await once(platform, "POST", FILES, b'{"blobName":"a"}', token)
    assert (answer.status, answer.headers["iothub-errorcode"]) == (400, "InvalidStorageEndpoint")


async def test_a_storage_account_of_azure_is_named_with_its_own_signature(platform: Platform) -> None:
    key = base64.b64encode(b"k" * 64).decode()
    token = set_up(platform, f"DefaultEndpointsProtocol=https;AccountName=plant;AccountKey={key}")
    info = await begun(platform, token)
    assert info["hostName"] == "plant.blob.core.windows.net"
    assert (await reported(platform, token, info)).status == 204
    assert files(platform)[0].address == (
        "https://plant.blob.core.windows.net/device-files/dev-1/logs/boot%201.txt"
    )


async def test_what_a_crash_left_is_swept_and_what_is_in_use_stays(platform: Platform, token: str) -> None:
    uploads = platform.gateway.services.uploads
    assert uploads is not None
    orphan = store(uploads.blobs, new_id(platform.clock, platform.world.randomness), b"left by a crash")
    uploads.blobs.put("readme", b"somebody else's")
    assert (
        sweep_orphans(platform.state, uploads.blobs, platform.clock.now() + 10 * DAY) == 0
    )  # no record at all
    info = await begun(platform, token)
    await once(platform, "PUT", path_of(info, f"&comp=block&blockid={id_of(1)}"), b"staged")
    done = await begun(platform, token, "done.txt")
    await once(platform, "PUT", path_of(done), b"committed", headers=BLOCK_BLOB)
    await reported(platform, token, done)
    kept = set(uploads.blobs.names()) - {orphan.blob}
    assert sweep_orphans(platform.state, uploads.blobs, platform.clock.now() + DAY) == 0  # too young
    assert sweep_orphans(platform.state, uploads.blobs, platform.clock.now() + 10 * DAY) == 1
    assert set(uploads.blobs.names()) == kept


async def test_a_device_that_is_blocked_while_it_uploads_is_cut_off(platform: Platform, token: str) -> None:
    info = await begun(platform, token)
    async with await open_https(platform) as client:
        client.send_head("PUT", path_of(info), 8 * PART_BYTES, headers=BLOCK_BLOB)
        client.writer.write(bytes(2 * PART_BYTES))
        while not raw_files(platform):  # the first piece is on disk
            await asyncio.sleep(0.001)
        await platform.change("device", "dev-1", {"provisioned": True, "group": "keys", "enabled": False})
        while (known := platform.registry.cached("dev-1")) is not None and known.enabled:
            await asyncio.sleep(0.001)  # the news is on its way
        client.writer.write(bytes(PART_BYTES))
        assert (await client.answer()).status == 403
    assert raw_files(platform) == []
