"""Block blobs as Azure Storage's clients send them: block ids, the list that joins blocks, and error bodies.

Format: REST API of the Blob service, operations Put Blob, Put Block, Put Block List, Get Block List.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from holdfast.protocol.errors import ProtocolError

MAXIMUM_BLOCKS = 50_000
"""Blocks of a blob, as on the hosted service."""
MAXIMUM_LIST_BYTES = 8 * 2**20
"""Bytes of a block list: the most blocks with the longest ids, and their tags."""
MAXIMUM_BLOCK_ID = 64
"""Bytes of a decoded block id."""

_KINDS = frozenset({"Committed", "Uncommitted", "Latest"})


class BlockError(ProtocolError):
    """What a client sent is no block id or block list."""


class Block(NamedTuple):
    """A block of a list."""

    id: str
    """The decoded id in hexadecimal: what blocks are kept under."""
    kind: str
    """`Committed`, `Uncommitted` or `Latest`: where it is looked for."""


def block_id(text: str) -> str:
    """A block's id, decoded, in hexadecimal. BlockError unless it is base64 of 1 to 64 bytes."""
    try:
        id = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BlockError("A block id must be base64.") from None
    if not 0 < len(id) <= MAXIMUM_BLOCK_ID:
        raise BlockError(f"A block id has 1 to {MAXIMUM_BLOCK_ID} bytes.")
    return id.hex()


def parse_block_list(body: bytes) -> list[Block]:
    """The blocks of a Put Block List, in the order of the blob. BlockError."""
    if len(body) > MAXIMUM_LIST_BYTES:
        raise BlockError(f"The block list is larger than {MAXIMUM_LIST_BYTES:,} bytes.")
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise BlockError("The block list is no XML document that is read here.") from None
    if root.tag != "BlockList" or len(root) > MAXIMUM_BLOCKS:
        raise BlockError(f"The body must be a BlockList of at most {MAXIMUM_BLOCKS:,} blocks.")
    blocks = []
    for child in root:
        if child.tag not in _KINDS or len(child):
            raise BlockError("A block of the list is Committed, Uncommitted or Latest.")
        blocks.append(Block(block_id((child.text or "").strip()), child.tag))
    return blocks


def encode_block_list(committed: Sequence[tuple[str, int]], uncommitted: Sequence[tuple[str, int]]) -> bytes:
    """The answer to Get Block List; each block is its id in hexadecimal and its size."""
    root = Element("BlockList")
    for name, blocks in (("CommittedBlocks", committed), ("UncommittedBlocks", uncommitted)):
        parent = SubElement(root, name)
        for id, size in blocks:
            block = SubElement(parent, "Block")
            SubElement(block, "Name").text = base64.b64encode(bytes.fromhex(id)).decode()
            SubElement(block, "Size").text = str(size)
    return _document(root)


def encode_error(code: str, message: str) -> bytes:
    """The body of a refusal."""
    root = Element("Error")
    SubElement(root, "Code").text = code
    SubElement(root, "Message").text = message
    return _document(root)


def _document(root: Element) -> bytes:
    return b'<?xml version="1.0" encoding="utf-8"?>' + tostring(root)
