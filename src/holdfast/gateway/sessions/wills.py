"""Wills: the message that a device leaves for the case that its connection breaks.

A will is a publish like any other: it goes to the device's own telemetry, it is checked when it is left and
again when it is sent, and a device that was refused meanwhile leaves none.
"""

from holdfast.protocol import hub
from holdfast.protocol.bags import MESSAGE_TYPE, RETAIN, add_to_bag, check_bag
from holdfast.protocol.mqtt.connect import Will
from holdfast.protocol.mqtt.properties import Property
from holdfast.protocol.mqtt.publish import check_topic_name


def check_will(will: Will, user: hub.HubUser) -> str:
    """The property bag of a will of this device. ProtocolError when it is for any topic but its telemetry."""
    check_topic_name(will.topic.encode())
    route = hub.parse_topic(will.topic, user.device, user.module)
    if not isinstance(route, hub.Telemetry):
        raise hub.TopicError("A will can only be telemetry of the device itself.")
    properties = add_to_bag(route.properties, MESSAGE_TYPE, "Will")
    if will.retain:
        properties = add_to_bag(properties, RETAIN, "true")
    check_bag(properties)
    return properties


def delay_of(will: Will) -> float:
    """Seconds that version 5 wants between the break and the will (section 3.1.3.2.2)."""
    delay = will.properties.get(Property.WILL_DELAY_INTERVAL, 0)
    return float(delay) if isinstance(delay, int) else 0.0
