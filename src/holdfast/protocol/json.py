"""JSON from devices: strict, bounded in size and depth."""

from collections.abc import Iterable

import msgspec

from holdfast.kernel.json import JsonValue
from holdfast.protocol.errors import ProtocolError

MAXIMUM_DEPTH = 64
"""Nesting of what a device sends; twins and provisioning payloads set closer bounds of their own."""

_decode = msgspec.json.Decoder().decode


class JsonError(ProtocolError):
    """The bytes are no JSON text within the bounds."""


def decode_json(data: bytes, maximum: int) -> JsonValue:
    """The value of a JSON text (RFC 8259) of at most `maximum` bytes.

    The depth is counted on the text, before anything is built: brackets inside strings count as well, which
    no honest device notices.
    """
    if len(data) > maximum:
        raise JsonError(f"The JSON text is larger than {maximum:,} bytes.")
    try:
        value: JsonValue = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise JsonError("The body is not a well-formed JSON text.") from None
    if data.count(b"{") + data.count(b"[") > MAXIMUM_DEPTH:
        check_depth(value, MAXIMUM_DEPTH)
    return value


def check_depth(value: JsonValue, maximum: int) -> None:
    """JsonError when objects and arrays are nested deeper than `maximum`."""
    level = _containers([value])
    for _ in range(maximum):
        level = [child for parent in level for child in _containers(_children(parent))]
        if not level:
            return
    raise JsonError(f"The JSON value is nested deeper than {maximum} levels.")


def _children(container: dict[str, JsonValue] | list[JsonValue]) -> Iterable[JsonValue]:
    return container.values() if isinstance(container, dict) else container


def _containers(values: Iterable[JsonValue]) -> list[dict[str, JsonValue] | list[JsonValue]]:
    return [value for value in values if isinstance(value, dict | list)]
