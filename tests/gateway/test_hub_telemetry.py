"""Telemetry: what is acknowledged is in the log, in order, as the device sent it; what may not be sent
closes."""

import pytest

from holdfast.protocol.bags import decode_bag
from holdfast.protocol.mqtt.disconnect import Disconnect
from holdfast.protocol.mqtt.properties import Property
from holdfast.protocol.mqtt.publish import Acknowledgement, Publish, encode_publish
from holdfast.protocol.mqtt.reasons import Reason
from tests.gateway.client import V5, V311, Client, Closed, connect_device
from tests.gateway.platform import Platform

EVENTS = "devices/dev-1/messages/events/"


@pytest.fixture
async def device(platform: Platform) -> Client:
    key = platform.device_with_key("dev-1", platform.key_group())
    return await connect_device(platform, "dev-1", key)


async def test_an_acknowledged_message_is_in_the_log(platform: Platform, device: Client) -> None:
    await device.publish(f"{EVENTS}a=1&%24.ct=application%2Fjson", b'{"t":1}')
    (record,) = platform.records("telemetry")
    assert (record.device, record.module, record.body) == ("dev-1", "", b'{"t":1}')
    assert record.properties == "a=1&%24.ct=application%2Fjson"
    assert record.time == platform.clock.now()


async def test_a_thousand_messages_are_acknowledged_in_order(platform: Platform, device: Client) -> None:
    ids = [device.send_publish(EVENTS, b"%d" % number) for number in range(1000)]
    acknowledged = [(await device.take(Acknowledgement)).packet_id for _ in ids]
    assert acknowledged == ids
    assert platform.bodies() == [b"%d" % number for number in range(1000)]


async def test_acknowledgements_keep_their_order_across_kinds_of_messages(
    platform: Platform, device: Client
) -> None:
    """MQTT 4.6: also when a message in between needs no waiting, or waits for another transaction."""
    await device.subscribe("$iothub/twin/res/#")
    ids = [
        device.send_publish(EVENTS, b"1"),
        device.send_publish("$iothub/twin/GET/?$rid=1", b""),
        device.send_publish("$iothub/twin/PATCH/properties/reported/?$rid=2", b'{"a":1}'),
        device.send_publish(EVENTS, b"2"),
        device.send_publish("$iothub/methods/res/200/?$rid=9", b""),
    ]
    packets = [await device.next() for _ in range(len(ids) + 2)]
    assert [p.packet_id for p in packets if isinstance(p, Acknowledgement)] == ids


async def test_qos_0_is_stored_and_not_acknowledged(platform: Platform, device: Client) -> None:
    device.send_publish(EVENTS, b"quiet", qos=0)
    await device.publish(EVENTS, b"loud")
    assert platform.bodies() == [b"quiet", b"loud"]


async def test_the_retained_flag_becomes_a_property(platform: Platform, device: Client) -> None:
    await device.publish(f"{EVENTS}a=1", b"x", retain=True)
    (record,) = platform.records("telemetry")
    assert decode_bag(record.properties) == {"a": "1", "mqtt-retain": "true"}


async def test_a_message_to_the_topic_without_its_slash_has_no_properties(
    platform: Platform, device: Client
) -> None:
    await device.publish(EVENTS[:-1], b"x")
    assert platform.records("telemetry")[0].properties == ""


async def test_properties_of_version_5_join_the_bag(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key, version=V5)
    await device.publish(
        f"{EVENTS}level=topic",
        b"x",
        properties={
            Property.USER_PROPERTY: (("level", "packet"), ("room", "a b")),
            Property.CONTENT_TYPE: "application/json",
            Property.CORRELATION_DATA: b"c-1",
        },
    )
    (record,) = platform.records("telemetry")
    assert decode_bag(record.properties) == {
        "level": "topic",
        "room": "a b",
        "$.ct": "application/json",
        "$.cid": "c-1",
    }


async def test_a_module_speaks_on_its_own_topic(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group(), modules=["m"])
    module = await connect_device(platform, "dev-1", key, module="m")
    await module.publish("devices/dev-1/modules/m/messages/events/", b"x")
    assert [(r.device, r.module) for r in platform.records("telemetry")] == [("dev-1", "m")]


REFUSED = {
    "another device's topic": ("devices/dev-2/messages/events/", b"", Reason.TOPIC_NAME_INVALID),
    "a topic of nobody": ("anything", b"", Reason.TOPIC_NAME_INVALID),
    "its own command topic": ("devices/dev-1/messages/devicebound/", b"", Reason.TOPIC_NAME_INVALID),
    "too many properties": (EVENTS + "&".join(["a"] * 129), b"", Reason.TOPIC_NAME_INVALID),
    "too large a message": (EVENTS, bytes(262_145), Reason.PACKET_TOO_LARGE),
    "too large with its properties": (EVENTS + "a=b", bytes(262_142), Reason.PACKET_TOO_LARGE),
    "far too large a message": (EVENTS, bytes(300_000), Reason.PACKET_TOO_LARGE),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("version", [V311, V5])
async def test_a_device_is_closed_for(platform: Platform, name: str, version: int) -> None:
    topic, body, reason = REFUSED[name]
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key, version=version)
    device.send_publish(topic, body)
    said = await device.closed()
    assert [packet.reason for packet in said if isinstance(packet, Disconnect)] == (
        [reason] if version == V5 else []
    )
    assert platform.records("telemetry") == []


async def test_qos_2_closes(platform: Platform, device: Client) -> None:
    device.send(encode_publish(Publish(EVENTS.encode(), b"", 2, packet_id=1), V311))
    assert await device.closed() == []


async def test_what_came_before_a_bad_packet_is_stored(platform: Platform, device: Client) -> None:
    device.send_publish(EVENTS, b"good", qos=0)
    device.send(b"\x00\x00")
    await device.closed()
    await platform.gateway.services.ingest.drain()
    assert platform.bodies() == [b"good"]


async def test_the_largest_message_is_taken(platform: Platform, device: Client) -> None:
    body = bytes(262_144)
    await device.publish(EVENTS, body)
    assert platform.bodies() == [body]


async def test_a_failing_log_acknowledges_no_twin_either(platform: Platform, device: Client) -> None:
    platform.writer.close()
    device.send_publish("$iothub/twin/PATCH/properties/reported/?$rid=1", b'{"a":1}')
    with pytest.raises(Closed):
        await device.next()


async def test_a_failing_log_acknowledges_nothing_and_lets_nobody_in(
    platform: Platform, device: Client
) -> None:
    platform.writer.close()
    device.send_publish(EVENTS, b"lost")
    with pytest.raises(Closed):
        await device.next()
    assert platform.bodies() == []
