"""What a server may send to our own MQTT client."""

from holdfast.protocol.mqtt.client import Event, MqttClient
from holdfast.protocol.mqtt.errors import MqttError


def _events(pieces: list[bytes]) -> tuple[list[Event], bool]:
    client, found = MqttClient(), list[Event]()
    try:
        for piece in pieces:
            found += client.feed(piece)
    except MqttError:
        return found, True
    return found, False


def target(data: bytes) -> None:
    """Whole and byte by byte are the same events; nothing but an MqttError ends them."""
    assert _events([data])[1] == _events([data[place : place + 1] for place in range(len(data))])[1]
