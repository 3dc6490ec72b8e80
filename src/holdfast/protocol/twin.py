"""Rules for device twins: what a device or a person may write into the desired and reported properties.

Bounds are those of the hosted hub, so that a fleet that fits there fits here and can go back.
"""

import msgspec

from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.json import JsonError, check_depth, decode_json

MAXIMUM_DEPTH = 10
MAXIMUM_KEY_BYTES = 1024
MAXIMUM_STRING_BYTES = 4096
MAXIMUM_SECTION_BYTES = 32 * 1024
"""Size of the desired and of the reported properties, each as the hosted hub counts it: see `_size`."""
MAXIMUM_SECTION_TEXT = 4 * MAXIMUM_SECTION_BYTES
"""Bytes of a section's JSON text, in which short names and numbers take several times what is counted."""
MAXIMUM_PATCH_BYTES = 2 * MAXIMUM_SECTION_TEXT
"""A patch may hold more than the section it leads to, because it may take out as it puts in."""

_INTEGER_LEAST, _INTEGER_MOST = -(2**52), 2**52 - 1
_FORBIDDEN_IN_KEYS = frozenset(".$ ") | {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))}


class TwinError(ProtocolError):
    """The change is not one that a twin can take."""


def decode_patch(data: bytes) -> JsonObject:
    """A patch from its JSON text, checked by `check_patch`."""
    try:
        return check_patch(decode_json(data, MAXIMUM_PATCH_BYTES))
    except JsonError as error:
        raise TwinError(str(error)) from None


def check_patch(value: JsonValue) -> JsonObject:
    """`value` as a patch; TwinError when it breaks a rule. Null removes a property."""
    if not isinstance(value, dict):
        raise TwinError("The properties must be a JSON object.")
    try:
        check_depth(value, MAXIMUM_DEPTH)
    except JsonError:
        raise TwinError(f"The properties are nested deeper than {MAXIMUM_DEPTH} levels.") from None
    _check_object(value)
    return value


def check_size(section: JsonObject) -> None:
    """TwinError when the section, after a patch, is larger than a twin holds."""
    text = len(msgspec.json.encode(section))
    if text <= MAXIMUM_SECTION_BYTES:
        return  # whatever the hosted hub counts for short numbers
    if text > MAXIMUM_SECTION_TEXT or _size(section) > MAXIMUM_SECTION_BYTES:
        raise TwinError(f"The properties would be larger than {MAXIMUM_SECTION_BYTES:,} bytes.")


def _size(value: JsonValue) -> int:
    """Bytes of the names and texts, 8 for a number and 4 for a truth value, without what JSON puts around."""
    match value:
        case dict():
            return sum(len(key.encode()) + _size(child) for key, child in value.items())
        case list():
            return sum(map(_size, value))
        case str():
            return len(value.encode())
        case bool():
            return 4
        case None:
            return 0
    return 8


def _check_object(value: JsonObject) -> None:
    for key, child in value.items():
        if not key or len(key.encode()) > MAXIMUM_KEY_BYTES or not _FORBIDDEN_IN_KEYS.isdisjoint(key):
            raise TwinError(
                "A property's name is empty, longer than 1,024 bytes, or holds a dot, a dollar, a blank or a "
                "control character."
            )
        _check_value(child)


def _check_value(value: JsonValue) -> None:
    match value:
        case dict():
            _check_object(value)
        case list():
            for element in value:
                if element is None:
                    raise TwinError("An array in a twin may not hold null.")
                _check_value(element)
        case str():
            if len(value.encode()) > MAXIMUM_STRING_BYTES:
                raise TwinError(f"A text is longer than {MAXIMUM_STRING_BYTES:,} bytes.")
        case int():
            if not _INTEGER_LEAST <= value <= _INTEGER_MOST:
                raise TwinError("A whole number is outside -2^52 to 2^52 - 1.")


def encode_twin(desired: JsonObject, reported: JsonObject, versions: tuple[int, int]) -> bytes:
    """The twin as a device reads it; `versions` are those of desired and reported."""
    sections = {
        "desired": {**desired, "$version": versions[0]},
        "reported": {**reported, "$version": versions[1]},
    }
    return msgspec.json.encode(sections)


def encode_desired_patch(patch: JsonObject, version: int) -> bytes:
    """A change of desired properties as a device reads it."""
    return msgspec.json.encode({**patch, "$version": version})
