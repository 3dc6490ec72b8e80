"""Messages from a sensor to the platform: one kind of document each, compressed.

A message is `zlib(JSON)` of an object with the kind and its items. It travels as a device-to-cloud message
whose property bag has `bulletin=1`, the sensor's `spool` (a random id of its spool) and the `number` within
it, which grows by one; so the platform takes each exactly once and in order.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from holdfast.defender.uplink.documents import (
    AlertDocument,
    AssetDocument,
    ConnectionDocument,
    EventDocument,
    HealthDocument,
    PacketsDocument,
)
from holdfast.kernel.errors import InvalidError

MARK: Final = "bulletin"
SPOOL: Final = "spool"
NUMBER: Final = "number"
"""Names in the property bag."""

MAXIMUM_PLAIN = 8 * 1024 * 1024
"""Bytes that a message may have when it is unpacked."""
MAXIMUM_PACKED = 200 * 1024
"""Bytes of a message on the wire: below the 256 KB of a device-to-cloud message with its properties."""
PART_BYTES = 96 * 1024
"""Bytes of a capture in one message; base64 makes them a third more, and packets hardly compress."""


class MessageError(InvalidError):
    """A message of a sensor cannot be read."""

    code = "InvalidSensorMessage"


class Assets(msgspec.Struct, frozen=True, tag="assets", tag_field="kind"):
    """Assets that are new or changed."""

    items: list[AssetDocument]


class Gone(msgspec.Struct, frozen=True, tag="gone", tag_field="kind"):
    """Addresses under which there is no asset any more: it became part of another, or was silent too long."""

    items: list[str]


class Connections(msgspec.Struct, frozen=True, tag="connections", tag_field="kind"):
    """Connections that are new or changed."""

    items: list[ConnectionDocument]


class Events(msgspec.Struct, frozen=True, tag="events", tag_field="kind"):
    """New events of the timeline."""

    items: list[EventDocument]


class Alerts(msgspec.Struct, frozen=True, tag="alerts", tag_field="kind"):
    """Alerts that are new or changed."""

    items: list[AlertDocument]


class Packets(msgspec.Struct, frozen=True, tag="packets", tag_field="kind"):
    """Packets behind alerts."""

    items: list[PacketsDocument]


class Health(msgspec.Struct, frozen=True, tag="health", tag_field="kind"):
    """How the sensor is."""

    items: list[HealthDocument]


Message: TypeAlias = Assets | Gone | Connections | Events | Alerts | Packets | Health

_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""NUL in JSON, behind backslashes that stand for themselves: devices say it, and PostgreSQL keeps none."""
_decoder = msgspec.json.Decoder(Message)
_encode = msgspec.json.Encoder().encode


def pack(message: Message) -> bytes:
    """The message as it travels."""
    return zlib.compress(_encode(message), 6)


def unpack(data: bytes) -> Message:
    """The message again. Raises MessageError."""
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(data, MAXIMUM_PLAIN)
        if not inflate.eof:
            raise MessageError("The message is cut off, or larger than allowed when unpacked.")
        message: Message = _decoder.decode(_NUL.sub(rb"\1\\ufffd", plain))
        return message
    except zlib.error:
        raise MessageError("The message is not compressed data.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"The message does not have its form: {str(error)[:200]}.") from None


def packed(messages: Iterable[Message]) -> Iterator[bytes]:
    """Messages as they travel; one that is too large is sent in halves. What cannot be halved is left out."""
    for message in messages:
        data = pack(message)
        if len(data) <= MAXIMUM_PACKED:
            yield data
        elif len(message.items) > 1:
            yield from packed(_halves(message))


def _halves(message: Message) -> Sequence[Message]:
    middle = len(message.items) // 2
    first, second = message.items[:middle], message.items[middle:]
    return [msgspec.structs.replace(message, items=part) for part in (first, second)]
