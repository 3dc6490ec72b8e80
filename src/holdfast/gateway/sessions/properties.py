"""What MQTT itself says of a message, carried over into its property bag."""

from holdfast.protocol.bags import RETAIN, encode_bag
from holdfast.protocol.mqtt.properties import Properties, Property
from holdfast.protocol.mqtt.publish import Publish


def complete_bag(bag: str, message: Publish) -> str:
    """The message's bag, with the retained flag and the properties of version 5 as the hub names them.

    What stands in the topic wins over the same property of version 5: it comes later.
    """
    added = _of_version_5(message.properties) if message.properties else {}
    if message.retain:
        added[RETAIN] = "true"
    if not added:
        return bag
    return f"{encode_bag(added)}&{bag}" if bag else encode_bag(added)


def _of_version_5(properties: Properties) -> dict[str, str | None]:
    bag: dict[str, str | None] = {}
    if isinstance(pairs := properties.get(Property.USER_PROPERTY), tuple):
        bag.update((name, value) for name, value in pairs if name)
    if isinstance(content_type := properties.get(Property.CONTENT_TYPE), str):
        bag["$.ct"] = content_type
    if isinstance(correlation := properties.get(Property.CORRELATION_DATA), bytes):
        bag["$.cid"] = correlation.decode(errors="replace")
    return bag
