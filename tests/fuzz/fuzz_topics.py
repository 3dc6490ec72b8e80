"""Topics and user names of hub and provisioning: understood, or refused with their own error."""

from collections.abc import Callable

from holdfast.protocol import dps, hub
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.publish import check_topic_name
from holdfast.protocol.mqtt.subscribe import check_topic_filter

PARSERS: list[tuple[type[ProtocolError], Callable[[str], object]]] = [
    (MqttError, lambda text: check_topic_name(text.encode())),
    (MqttError, check_topic_filter),
    (hub.TopicError, hub.parse_user_name),
    (hub.TopicError, lambda text: hub.parse_topic(text, "d")),
    (hub.TopicError, lambda text: hub.parse_filter(text, "d", "m")),
    (dps.DpsError, dps.parse_user_name),
    (dps.DpsError, dps.parse_topic),
]


def target(data: bytes) -> None:
    """The text is tried as everything that names something."""
    text = data.decode(errors="replace")
    for error, parse in PARSERS:
        try:
            parse(text)
        except error:
            continue
