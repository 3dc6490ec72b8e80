"""Property bags: any text within the bounds is a bag, and writing it again changes nothing."""

from holdfast.protocol.bags import BagError, decode_bag, encode_bag


def target(data: bytes) -> None:
    """What was read is written and read alike."""
    try:
        bag = decode_bag(data.decode(errors="replace"))
    except BagError:
        return
    written = encode_bag(bag)
    try:
        assert decode_bag(written) == bag
    except BagError:
        assert len(written) > len(data)  # percent-encoding made it longer than a bag may be
