"""Cloud-to-device messages over HTTPS: fetched one by one, and settled by their locks."""

import asyncio

import pytest

from holdfast.devices.messages import STATE_ENQUEUE, message_body
from holdfast.log.port import QueuedMessage
from tests.gateway.https.client import SECONDS, Answer, once
from tests.gateway.platform import Platform

BOUND = "/devices/dev-1/messages/devicebound"


@pytest.fixture
def token(platform: Platform) -> str:
    key = platform.device_with_key("dev-1", platform.key_group())
    return platform.token("dev-1", key)


async def queued(platform: Platform, body: bytes, properties: str = "", device: str = "dev-1") -> None:
    now = platform.clock.now()
    message = QueuedMessage(body.decode(), device, "", body, properties, now, now + 3600, 0)
    await platform.control.bus.request("gateway", STATE_ENQUEUE, message_body(message), SECONDS)


def lock_of(answer: Answer) -> str:
    return answer.headers["etag"].strip('"')


async def test_a_message_is_fetched_with_its_properties_and_completed(platform: Platform, token: str) -> None:
    await queued(platform, b"hello", "%24.mid=c-1&%24.cid=x&iothub-ack=full&k%20ey=v%0D%0Aw&n")
    answer = await once(platform, "GET", BOUND, token=token)
    assert (answer.status, answer.body) == (200, b"hello")
    expected = {
        "iothub-messageid": "c-1",
        "iothub-correlationid": "x",
        "iothub-ack": "full",
        "iothub-app-k%20ey": "v%0D%0Aw",
        "iothub-app-n": "",
        "iothub-deliverycount": "1",
        "content-length": "5",
    }
    assert answer.headers.items() >= expected.items()
    assert (await once(platform, "GET", BOUND, token=token)).status == 204, "it is locked"
    assert (await once(platform, "DELETE", f"{BOUND}/{lock_of(answer)}", token=token)).status == 204
    assert (await once(platform, "DELETE", f"{BOUND}/{lock_of(answer)}", token=token)).status == 412
    platform.clock.advance(61)
    assert (await once(platform, "GET", BOUND, token=token)).status == 204, "it is done"


async def test_a_message_that_is_abandoned_comes_again_and_one_that_is_rejected_does_not(
    platform: Platform, token: str
) -> None:
    await queued(platform, b"hello")
    lock = lock_of(await once(platform, "GET", BOUND, token=token))
    assert (await once(platform, "POST", f"{BOUND}/{lock}/abandon", token=token)).status == 204
    again = await once(platform, "GET", BOUND, token=token)
    assert (again.body, again.headers["iothub-deliverycount"]) == (b"hello", "2")
    assert (await once(platform, "DELETE", f"{BOUND}/{lock_of(again)}?reject", token=token)).status == 204
    platform.clock.advance(61)
    assert (await once(platform, "GET", BOUND, token=token)).status == 204


async def test_a_lock_lapses_after_a_minute(platform: Platform, token: str) -> None:
    await queued(platform, b"hello")
    lock = lock_of(await once(platform, "GET", BOUND, token=token))
    platform.clock.advance(61)
    assert (await once(platform, "DELETE", f"{BOUND}/{lock}", token=token)).status == 412
    assert (await once(platform, "GET", BOUND, token=token)).body == b"hello"


async def test_a_message_goes_to_one_of_two_that_fetch_at_once(platform: Platform, token: str) -> None:
    await queued(platform, b"one")
    answers = await asyncio.gather(*(once(platform, "GET", BOUND, token=token) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 204, 204, 204, 204]


async def test_a_device_sees_and_settles_its_own_messages_only(platform: Platform, token: str) -> None:
    group = platform.key_group("others")
    other = platform.token("dev-2", platform.device_with_key("dev-2", group, "others"))
    await queued(platform, b"hello", device="dev-2")
    lock = lock_of(await once(platform, "GET", BOUND.replace("dev-1", "dev-2"), token=other))
    assert (await once(platform, "GET", BOUND, token=token)).status == 204
    assert (await once(platform, "DELETE", f"{BOUND}/{lock}", token=token)).status == 412
    assert (
        await once(platform, "DELETE", f"{BOUND.replace('dev-1', 'dev-2')}/{lock}", token=token)
    ).status == 401
    assert (await once(platform, "DELETE", f"{BOUND}/", token=token)).status == 412
