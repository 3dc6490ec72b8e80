"""Telemetry: what is acknowledged is in the log, in order, as the device sent it."""

from tests.gateway.client import connect_device
from tests.gateway.platform import Platform


async def test_an_acknowledged_message_is_in_the_log(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key)
    await device.publish("devices/dev-1/messages/events/a=1&%24.ct=application%2Fjson", b'{"t":1}')
    (record,) = platform.records("telemetry")
    assert (record.device, record.module, record.body) == ("dev-1", "", b'{"t":1}')
    assert record.properties == "a=1&%24.ct=application%2Fjson"
    assert record.time == platform.clock.now()
