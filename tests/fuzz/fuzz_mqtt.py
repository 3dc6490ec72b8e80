"""MQTT: any stream gives events or one MqttError, the same whole and in pieces."""

from holdfast.protocol.mqtt.connect import Connect, encode_connect
from holdfast.protocol.mqtt.server import Event, ServerConnection

MAXIMUM = 4096
_OPENINGS = (b"", encode_connect(Connect("d")), encode_connect(Connect("d", 5)))


def _run(chunks: list[bytes]) -> tuple[list[Event], object]:
    connection = ServerConnection(MAXIMUM)
    events: list[Event] = []
    for chunk in chunks:
        new = connection.receive(chunk)
        while new:
            events += new
            accepting = [event for event in new if isinstance(event, Connect)]
            new = connection.accept(accepting[0], session_present=False)[1] if accepting else []
    return events, connection.failure and connection.failure.reason


def target(data: bytes) -> None:
    """The first byte chooses how the connection begins; the rest is the stream."""
    opening = _OPENINGS[data[0] % len(_OPENINGS)] if data else b""
    stream = opening + data[1:]
    whole = _run([stream])
    assert whole == _run([stream[at : at + 1] for at in range(len(stream))])
    assert len(whole[0]) <= len(stream)
