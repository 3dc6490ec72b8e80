"""Parts that many OPC UA services have, as fields by ICSNPP's names: nodes, texts, certificates."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.opcua.types import byte_string, node_id, string
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import Fields

_IDENTIFIERS: Final = {"i": "numeric", "s": "string", "g": "guid", "b": "opaque"}
_SHOWN: Final = 24
"""Bytes of a nonce, signature or certificate that ICSNPP shows."""


def node_fields(reader: Reader, prefix: str) -> tuple[str, Fields]:
    """A node's text, and its encoding, namespace and identifier under `prefix`."""
    encoding = reader.data[reader.position] if reader.left else 0
    node = node_id(reader)
    fields: Fields = {f"{prefix}_encoding_mask": f"0x{encoding:02x}"}
    if encoding & 0x3F:  # the shortest form has no namespace
        fields[f"{prefix}_namespace_idx"] = node.namespace
    fields[f"{prefix}_{_IDENTIFIERS[node.kind]}"] = node.identifier
    return str(node), fields


def expanded_node_fields(reader: Reader, prefix: str) -> Fields:
    """An ExpandedNodeId: see `node_fields`, with the URI and the server behind where it has them."""
    position = reader.position
    _text, fields = node_fields(reader, prefix)
    encoding = reader.data[position]
    behind = Reader(reader.data, position, reader.end)
    node_id(behind, expanded=False)
    if encoding & 0x80:
        fields[f"{prefix}_namespace_uri"] = string(behind)
    if encoding & 0x40:
        fields[f"{prefix}_server_idx"] = behind.u32_little()
    return fields


def text_fields(reader: Reader, mask: str, locale: str, text: str) -> Fields:
    """A LocalizedText under three names: its encoding, its locale and its text."""
    encoding = reader.u8()
    return {
        mask: encoding,
        locale: string(reader) if encoding & 1 else None,
        text: string(reader) if encoding & 2 else None,
    }


def octets_text(octets: bytes) -> str | None:
    """Bytes as ICSNPP shows them: hexadecimal, cut after the first ones; None for no bytes."""
    if not octets:
        return None
    return f"0x{octets[:_SHOWN].hex()}" + ("..." if len(octets) > _SHOWN else "")


def certificate_fields(reader: Reader, name: str) -> Fields:
    """A certificate's size and beginning; nothing where there is none."""
    octets = byte_string(reader)
    return {f"{name}_size": len(octets), name: octets_text(octets)} if octets else {}
