"""Property headers and batches of messages over HTTPS."""

from holdfast.protocol.bags import BagError, decode_bag
from holdfast.protocol.https.messages import MessageError, bag_of, decode_batch, headers_of

MAXIMUM = 1000


def target(data: bytes) -> None:
    """A batch is messages within the bounds; any bag can be told in headers that end nothing."""
    try:
        for message in decode_batch(data, MAXIMUM, "/own"):
            assert len(message.body) <= MAXIMUM
            decode_bag(message.properties)
    except (MessageError, BagError):
        pass
    text = data.decode("latin-1")
    try:
        bag = bag_of([(f"iothub-app-{text[:20]}", text), ("iothub-messageid", text)], "/own")
    except BagError:
        return
    for name, value in headers_of(bag, 0.0, 1):
        assert name.isascii()
        assert not set(name) & set(" :\r\n\t")
        assert value.isascii()
        assert value.isprintable()
