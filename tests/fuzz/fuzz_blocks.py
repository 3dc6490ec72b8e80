"""Block lists, block ids and signatures of addresses."""

import contextlib

from holdfast.protocol.https.blocks import BlockError, block_id, encode_block_list, parse_block_list
from holdfast.protocol.https.signatures import Blob, SignatureError, verify_blob

BLOB = Blob("a", "container", "device/name")


def target(data: bytes) -> None:
    """The bytes as a list, inside a list, as an id and as a signature."""
    text = data.decode("latin-1")
    for body in (data, b"<BlockList><Latest>" + data + b"</Latest></BlockList>"):
        try:
            blocks = parse_block_list(body)
        except BlockError:
            continue
        encode_block_list([(block.id, 1) for block in blocks], [])
    with contextlib.suppress(BlockError):
        assert 0 < len(bytes.fromhex(block_id(text))) <= 64
    query = {"sig": text, "se": text, "sp": text, "sr": "b"}
    try:
        verify_blob(query, BLOB, b"k", "w", 0.0)
    except SignatureError:
        return
    raise AssertionError("nothing was signed")
