"""Telemetry over HTTPS: what arrives in the log, and what is refused."""

import asyncio
import base64
import json

import pytest

from holdfast.gateway.limits import Buckets
from holdfast.log.port import Entry
from holdfast.protocol.bags import decode_bag
from tests.gateway.https.client import SECONDS, once, open_https
from tests.gateway.platform import Platform
from tests.support.pki import issue

EVENTS = "/devices/dev-1/messages/events?api-version=2021-04-12"
JSON_BATCH = {"Content-Type": "application/vnd.microsoft.iothub.json"}


@pytest.fixture
def key(platform: Platform) -> bytes:
    return platform.device_with_key("dev-1", platform.key_group(), modules=["m1"])


async def test_a_message_is_in_the_log_with_its_properties(platform: Platform, key: bytes) -> None:
    answer = await once(
        platform,
        "POST",
        EVENTS,
        b'{"temperature":21.5}',
        platform.token("dev-1", key),
        {
            "iothub-to": "/devices/dev-1/messages/events",
            "IoTHub-MessageId": "m 1",
            "iothub-contenttype": "application/json",
            "iothub-contentencoding": "utf-8",
            "dt-subject": "thermostat1",
            "iothub-app-Room": "a&b=c",
        },
    )
    assert (answer.status, answer.body) == (204, b"")
    (record,) = platform.records("telemetry")
    assert (record.device, record.module, record.body) == ("dev-1", "", b'{"temperature":21.5}')
    assert decode_bag(record.properties) == {
        "$.mid": "m 1",
        "$.ct": "application/json",
        "$.ce": "utf-8",
        "$.sub": "thermostat1",
        "Room": "a&b=c",
    }


async def test_a_batch_is_as_many_messages(platform: Platform, key: bytes) -> None:
    batch = [
        {"body": base64.b64encode(b"\x00one").decode(), "properties": {"iothub-app-k": "v"}},
        {"body": "two", "base64Encoded": False, "properties": {"iothub-messageid": "2"}},
        {"body": ""},
    ]
    token = platform.token("dev-1", key)
    answer = await once(platform, "POST", EVENTS, json.dumps(batch).encode(), token, JSON_BATCH)
    assert answer.status == 204
    records = platform.records("telemetry")
    assert [record.body for record in records] == [b"\x00one", b"two", b""]
    assert [decode_bag(record.properties) for record in records] == [{"k": "v"}, {"$.mid": "2"}, {}]


async def test_a_batch_with_one_bad_message_leaves_nothing(platform: Platform, key: bytes) -> None:
    batch = json.dumps([{"body": "AAAA"}, {"body": "no base64"}]).encode()
    answer = await once(platform, "POST", EVENTS, batch, platform.token("dev-1", key), JSON_BATCH)
    assert answer.status == 400
    assert "message 1" in answer.json["Message"]
    assert platform.records("telemetry") == []


async def test_the_answer_waits_for_the_disk(
    platform: Platform, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[Entry], object]] = []
    append = platform.writer.append
    monkeypatch.setattr(platform.writer, "append", lambda entries, done: asked.append((entries, done)))
    async with await open_https(platform) as client:
        request = asyncio.create_task(client.request("POST", EVENTS, b"x", platform.token("dev-1", key)))
        while not asked:
            await asyncio.sleep(0.01)
        assert not request.done(), "nothing is on disk yet"
        monkeypatch.undo()
        for entries, done in asked:
            append(entries, done)  # type: ignore[arg-type]  # what `append` was given
        assert (await request).status == 204


async def test_what_cannot_be_stored_is_not_acknowledged(
    platform: Platform, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform.writer, "append", lambda _entries, done: done(OSError("disk full")))
    answer = await once(platform, "POST", EVENTS, b"x", platform.token("dev-1", key))
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "disk" not in answer.body.decode(), "our own troubles are ours"


async def test_a_module_sends_as_itself(platform: Platform, key: bytes) -> None:
    path = "/devices/dev-1/modules/m1/messages/events"
    assert (await once(platform, "POST", path, b"x", platform.token("dev-1", key, module="m1"))).status == 204
    (record,) = platform.records("telemetry")
    assert (record.device, record.module) == ("dev-1", "m1")
    other = "/devices/dev-1/modules/m2/messages/events"
    assert (
        await once(platform, "POST", other, b"x", platform.token("dev-1", key, module="m2"))
    ).status == 401


async def test_a_certificate_is_as_good_as_a_token(platform: Platform) -> None:
    root = issue("root", authority=True)
    platform.certificate_group("certificates", root)
    platform.world.put("device", "dev-1", {"provisioned": True, "group": "certificates"})
    platform.world.put("device", "dev-2", {"provisioned": True, "group": "certificates"})
    context = platform.context_for(issue("dev-1", root))
    assert (await once(platform, "POST", EVENTS, b"x", context=context)).status == 204
    other = EVENTS.replace("dev-1", "dev-2")
    assert (await once(platform, "POST", other, b"x", context=context)).status == 401


async def test_who_proves_nothing_is_refused_and_told_nothing(platform: Platform, key: bytes) -> None:
    for device, token in (
        ("dev-1", ""),
        ("dev-1", "SharedAccessSignature sr=x&sig=AAAA&se=1"),
        ("dev-1", platform.token("dev-1", bytes(32))),
        ("dev-1", platform.token("dev-2", key)),
        ("nobody", platform.token("nobody", key)),
    ):
        answer = await once(platform, "POST", f"/devices/{device}/messages/events", b"x", token)
        assert answer.status == 401
        assert answer.headers["iothub-errorcode"] == "IotHubUnauthorizedAccess"
        assert answer.json["Message"] == "ErrorCode:IotHubUnauthorizedAccess;Unauthorized"
    assert platform.records("telemetry") == []


async def test_a_blocked_device_is_refused_with_its_next_request(platform: Platform, key: bytes) -> None:
    token = platform.token("dev-1", key)
    async with await open_https(platform) as client:
        assert (await client.request("POST", EVENTS, b"x", token)).status == 204
        await platform.change("device", "dev-1", {"provisioned": True, "group": "keys", "enabled": False})
        async with asyncio.timeout(SECONDS):
            while (await client.request("POST", EVENTS, b"x", token)).status != 401:
                await asyncio.sleep(0.01)  # the news is on its way


async def test_who_fails_too_often_has_to_wait(platform: Platform, key: bytes) -> None:
    statuses = set()
    async with await open_https(platform) as client:
        for _ in range(100):
            answer = await client.request("POST", EVENTS, b"", platform.token("dev-1", bytes(32)))
            statuses.add(answer.status)
            if answer.status == 429:
                break
        assert statuses == {401, 429}
        assert int(answer.headers["retry-after"]) > 0
        right = await client.request("POST", EVENTS, b"", platform.token("dev-1", key))
        assert right.status == 429, "not even looked at"


async def test_a_device_that_sends_faster_than_it_may_is_told_to_wait(platform: Platform, key: bytes) -> None:
    platform.gateway.services.senders = Buckets(50, 500, platform.clock)
    batch, token = json.dumps([{"body": "AAAA"}] * 500).encode(), platform.token("dev-1", key)
    async with await open_https(platform) as client:
        assert (await client.request("POST", EVENTS, batch, token, JSON_BATCH)).status == 204
        answer = await client.request("POST", EVENTS, batch, token, JSON_BATCH)
        assert (answer.status, answer.headers["iothub-errorcode"]) == (429, "ThrottlingException")
        platform.clock.advance(int(answer.headers["retry-after"]))
        assert (await client.request("POST", EVENTS, batch, token, JSON_BATCH)).status == 204
    assert len(platform.records("telemetry")) == 1000, "what was refused is not there"


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        (EVENTS, bytes(262_145), {}, 413),
        (EVENTS, b"{", JSON_BATCH, 400),
        (EVENTS, b"[]", JSON_BATCH, 400),
        (EVENTS, b'[{"body":1}]', JSON_BATCH, 400),
        (EVENTS, json.dumps([{"body": ""}] * 501).encode(), JSON_BATCH, 400),
        (EVENTS, b"x", {f"iothub-app-{n}": "v" for n in range(129)}, 400),
        (EVENTS, b"x", {"iothub-app-k": "v" * 20_000}, 400),
    ],
)
async def test_what_is_beyond_a_limit_is_refused(
    platform: Platform, key: bytes, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await once(platform, "POST", path, body, platform.token("dev-1", key), headers)
    assert answer.status == status
    assert platform.records("telemetry") == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/devices/dev-1/twin", 404),
        ("GET", "/devices/dev-1/messages/events", 405),
        ("DELETE", "/devices/dev-1/messages/devicebound/../../x", 400),
        ("BREW", "/devices/dev-1/messages/devicebound", 405),
    ],
)
async def test_what_is_not_there_is_said(platform: Platform, method: str, path: str, status: int) -> None:
    assert (await once(platform, method, path)).status == status


async def test_devices_do_not_share_a_rate(platform: Platform) -> None:
    group = platform.key_group()
    batch = json.dumps([{"body": "AAAA"}] * 500).encode()
    for device in ("dev-1", "dev-2"):
        token = platform.token(device, platform.device_with_key(device, group))
        path = f"/devices/{device}/messages/events"
        assert (await once(platform, "POST", path, batch, token, JSON_BATCH)).status == 204


async def test_a_device_that_is_blocked_while_it_sends_is_refused(platform: Platform, key: bytes) -> None:
    async with await open_https(platform) as client:
        client.send_head("POST", EVENTS, 2, platform.token("dev-1", key))
        client.writer.write(b"{")
        while platform.registry.cached("dev-1") is None:  # it was let in
            await asyncio.sleep(0.001)
        await platform.change("device", "dev-1", {"group": "keys", "enabled": False})
        while platform.registry.cached("dev-1") is not None:  # the news came
            await asyncio.sleep(0.001)
        client.writer.write(b"}")
        assert (await client.answer()).status == 401
    assert platform.bodies() == []
