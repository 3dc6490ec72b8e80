"""Device messages over HTTPS: headers, and the JSON of a batch, say what a property bag says over MQTT."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from holdfast.kernel.clock import isoformat
from holdfast.protocol.bags import Bag, check_bag, decode_bag, encode_bag
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.json import JsonError, decode_json

BATCH_TYPE = "application/vnd.microsoft.iothub.json"
"""The content type of a body that holds several messages."""
MAXIMUM_BATCH = 500
"""Messages of one batch."""
BATCH_OVERHEAD = 128 * 1024
"""Bytes that a batch's JSON may have beside its messages: names, braces, properties."""

_APPLICATION = "iothub-app-"
"""Prefix of an application's own properties."""
_SYSTEM: Mapping[str, str] = {
    "iothub-messageid": "$.mid",
    "iothub-correlationid": "$.cid",
    "iothub-userid": "$.uid",
    "iothub-to": "$.to",
    "iothub-expiry": "$.exp",
    "iothub-contenttype": "$.ct",
    "iothub-contentencoding": "$.ce",
    "iothub-interface-id": "$.ifid",
    "iothub-output-name": "$.on",
    "dt-subject": "$.sub",
    "iothub-ack": "iothub-ack",
    "iothub-creationtimeutc": "iothub-creation-time-utc",
    "iothub-creation-time-utc": "iothub-creation-time-utc",
    "iothub-messagetype": "iothub-MessageType",
}
"""Header in lower case → property of the bag."""
_HEADERS: Mapping[str, str] = {
    "$.mid": "iothub-messageid",
    "$.cid": "iothub-correlationid",
    "$.uid": "iothub-userid",
    "$.to": "iothub-to",
    "$.exp": "iothub-expiry",
    "$.ct": "iothub-contenttype",
    "$.ce": "iothub-contentencoding",
    "iothub-ack": "iothub-ack",
}
"""Property of a cloud-to-device message → header."""
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_IN_NAMES = "!#$&'*+-.^_`|~"
"""What may stand in a header's name beside letters, digits and the percent sign (RFC 9110 section 5.6.2)."""


class MessageError(ProtocolError):
    """A message or a batch is not one."""


class DeviceMessage(NamedTuple):
    """One device-to-cloud message."""

    properties: str
    """The bag as it would stand in a topic."""
    body: bytes


def bag_of(headers: Iterable[tuple[str, str]], own_address: str) -> str:
    """The property bag that a request's headers say. Raises BagError when it is beyond its limits.

    The SDKs name the message's destination in each request; `own_address` is no property.
    """
    bag: Bag = {}
    for name, value in headers:
        lower = name.lower()
        if lower.startswith(_APPLICATION):
            bag[name[len(_APPLICATION) :]] = value
        elif (key := _SYSTEM.get(lower)) and not (key == "$.to" and value == own_address):
            bag[key] = value
    bag.pop("", None)
    text = encode_bag(bag) if bag else ""
    check_bag(text)
    return text


class _Line(msgspec.Struct):
    """One message of a batch, as JSON has it."""

    body: str
    properties: dict[str, str | int | float | bool | None] = {}
    base64_encoded: bool = msgspec.field(default=True, name="base64Encoded")


def decode_batch(data: bytes, message_bytes: int, own_address: str) -> list[DeviceMessage]:
    """The messages of a batch, each of `message_bytes` at most. MessageError names the one that is wrong."""
    try:
        lines = msgspec.convert(decode_json(data, message_bytes * 2 + BATCH_OVERHEAD), list[_Line])
    except JsonError as error:
        raise MessageError(str(error)) from None
    except msgspec.ValidationError:
        raise MessageError("A batch is a list of objects with a body and properties of texts.") from None
    if not 0 < len(lines) <= MAXIMUM_BATCH:
        raise MessageError(f"A batch has 1 to {MAXIMUM_BATCH} messages.")
    return [_message(place, line, message_bytes, own_address) for place, line in enumerate(lines)]


def _message(place: int, line: _Line, message_bytes: int, own_address: str) -> DeviceMessage:
    try:
        body = base64.b64decode(line.body, validate=True) if line.base64_encoded else line.body.encode()
    except (binascii.Error, ValueError):
        raise MessageError(f"The body of message {place} is not Base64.") from None
    if len(body) > message_bytes:
        raise MessageError(f"Message {place} is larger than {message_bytes:,} bytes.")
    pairs = ((name, _property_text(value)) for name, value in line.properties.items())
    return DeviceMessage(bag_of(pairs, own_address), body)


def _property_text(value: str | float | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def headers_of(bag: str, enqueued: float, deliveries: int) -> list[tuple[str, str]]:
    """The headers that tell a cloud-to-device message's properties; the queue's own facts among them."""
    headers = [
        ("iothub-enqueuedtime", isoformat(enqueued)),
        ("iothub-deliverycount", str(deliveries)),
    ]
    for name, value in decode_bag(bag).items():
        if known := _HEADERS.get(name):
            headers.append((known, _header_value(value or "")))
        elif not name.startswith("$."):
            headers.append((f"{_APPLICATION}{quote(name, safe=_IN_NAMES)}", _header_value(value or "")))
    return headers


def _header_value(text: str) -> str:
    """As it stands if a header can hold it, else percent-encoded: nothing in it may end the header."""
    if text == text.strip() and text.isascii() and text.isprintable():
        return text
    return quote(text, safe=_PRINTABLE.replace("%", "").replace(" ", ""))
