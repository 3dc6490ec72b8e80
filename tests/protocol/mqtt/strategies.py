"""Hypothesis strategies for MQTT packets, valid ones by construction."""

from hypothesis import strategies as st

from holdfast.protocol.mqtt.connect import Connect, Will
from holdfast.protocol.mqtt.properties import WILL, Properties, Property, allowed_in
from holdfast.protocol.mqtt.publish import Publish
from holdfast.protocol.mqtt.subscribe import Subscribe, TopicFilter, Unsubscribe
from holdfast.protocol.mqtt.wire import V5, V311, PacketType

versions = st.sampled_from([V311, V5])
packet_ids = st.integers(1, 0xFFFF)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=40)
filters = st.sampled_from(["#", "+", "a/#", "+/b", "$iothub/twin/res/#", "devices/d/messages/devicebound/#"])

_NUMBERS = {
    Property.SUBSCRIPTION_IDENTIFIER: st.integers(1, 0x0FFF_FFFF),
    Property.RECEIVE_MAXIMUM: st.integers(1, 0xFFFF),
    Property.MAXIMUM_PACKET_SIZE: st.integers(1, 0xFFFF_FFFF),
    Property.MESSAGE_EXPIRY_INTERVAL: st.integers(0, 0xFFFF_FFFF),
    Property.SESSION_EXPIRY_INTERVAL: st.integers(0, 0xFFFF_FFFF),
    Property.WILL_DELAY_INTERVAL: st.integers(0, 0xFFFF_FFFF),
    Property.SERVER_KEEP_ALIVE: st.integers(0, 0xFFFF),
    Property.TOPIC_ALIAS: st.integers(0, 0xFFFF),
    Property.TOPIC_ALIAS_MAXIMUM: st.integers(0, 0xFFFF),
}
_BINARY = {Property.CORRELATION_DATA, Property.AUTHENTICATION_DATA}
_TEXT = {
    Property.CONTENT_TYPE,
    Property.RESPONSE_TOPIC,
    Property.ASSIGNED_CLIENT_IDENTIFIER,
    Property.AUTHENTICATION_METHOD,
    Property.RESPONSE_INFORMATION,
    Property.SERVER_REFERENCE,
    Property.REASON_STRING,
}


def _value(name: Property) -> st.SearchStrategy:
    if name is Property.USER_PROPERTY:
        return st.lists(st.tuples(texts, texts), min_size=1, max_size=4).map(tuple)
    if name in _TEXT:
        return texts
    if name in _BINARY:
        return st.binary(max_size=20)
    return _NUMBERS.get(name, st.integers(0, 1))


def properties(packet: int) -> st.SearchStrategy[Properties]:
    """Any properties that may stand in `packet`."""
    return st.fixed_dictionaries({}, optional={name: _value(name) for name in sorted(allowed_in(packet))})


@st.composite
def connects(draw: st.DrawFn, allow_authentication: bool = True) -> Connect:
    """Any CONNECT of either version."""
    version = draw(versions)
    carried = draw(properties(PacketType.CONNECT)) if version == V5 else {}
    if not allow_authentication:
        carried = {k: v for k, v in carried.items() if k is not Property.AUTHENTICATION_METHOD}
    user_name = draw(st.none() | texts)
    will = Will(
        draw(names),
        draw(st.binary(max_size=50)),
        draw(st.integers(0, 2)),
        draw(st.booleans()),
        draw(properties(WILL)) if version == V5 else {},
    )
    return Connect(
        client_id=draw(names),
        version=version,
        clean_start=draw(st.booleans()),
        keep_alive=draw(st.integers(0, 0xFFFF)),
        user_name=user_name,
        password=draw(st.none() | st.binary(max_size=60)) if user_name is not None or version == V5 else None,
        will=draw(st.sampled_from([None, will])),
        properties=carried,
    )


@st.composite
def publishes(draw: st.DrawFn, version: int, most_qos: int = 2, plain: bool = False) -> Publish:
    """Any PUBLISH; a `plain` one carries nothing that our server refuses."""
    qos = draw(st.integers(0, most_qos))
    carried = draw(properties(PacketType.PUBLISH)) if version == V5 else {}
    refused = (Property.TOPIC_ALIAS, Property.SUBSCRIPTION_IDENTIFIER) if plain else ()
    return Publish(
        topic=draw(names).encode(),
        payload=draw(st.binary(max_size=300)),
        qos=qos,
        retain=draw(st.booleans()),
        duplicate=draw(st.booleans()) if qos else False,
        packet_id=draw(packet_ids) if qos else 0,
        properties={k: v for k, v in carried.items() if k not in refused},
    )


@st.composite
def subscribes(draw: st.DrawFn, version: int) -> Subscribe:
    """Any SUBSCRIBE."""
    options = st.sampled_from([0, 0x04, 0x08, 0x10, 0x2C]) if version == V5 else st.just(0)
    lines = st.builds(TopicFilter, filters, st.integers(0, 2), options)
    carried = draw(properties(PacketType.SUBSCRIBE)) if version == V5 else {}
    return Subscribe(draw(packet_ids), tuple(draw(st.lists(lines, min_size=1, max_size=5))), carried)


@st.composite
def unsubscribes(draw: st.DrawFn, version: int) -> Unsubscribe:
    """Any UNSUBSCRIBE."""
    carried = draw(properties(PacketType.UNSUBSCRIBE)) if version == V5 else {}
    return Unsubscribe(draw(packet_ids), tuple(draw(st.lists(filters, min_size=1, max_size=5))), carried)
