"""What a telemetry record says: named values, the component they belong to, and when they were measured."""

from contextlib import suppress
from itertools import islice
from typing import NamedTuple

import msgspec

from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.json import JsonValue
from holdfast.log.port import Record
from holdfast.protocol.bags import CREATION_TIME, BagError, decode_bag

MAXIMUM_VALUES = 300
"""Values taken from one message: the hosted service's capabilities a template."""

_decode = msgspec.json.Decoder().decode


class Measurement(NamedTuple):
    """One message's values."""

    component: str
    time: float
    """When it was measured if the device says so (`iothub-creation-time-utc`), else when it was received."""
    values: dict[str, JsonValue]
    """Empty when the body is no JSON object; the raw record keeps it all the same."""


def properties_of(record: Record) -> dict[str, str]:
    """The message's property bag, decoded; a key without a value is the empty text."""
    if not record.properties:
        return {}
    try:
        return {name: value or "" for name, value in decode_bag(record.properties).items()}
    except BagError:  # no gateway of this version stores one
        return {}


def measurement(record: Record) -> Measurement:
    """Decode a telemetry record. Never fails: what is not understood has no values."""
    component, time = "", record.time
    if record.properties:
        properties = properties_of(record)
        component = properties.get("$.sub", "")
        if created := properties.get(CREATION_TIME):
            with suppress(ValueError):
                time = parse_isoformat(created)
    try:
        body = _decode(record.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
    values = body if isinstance(body, dict) else {}
    if len(values) > MAXIMUM_VALUES:
        values = dict(islice(values.items(), MAXIMUM_VALUES))
    return Measurement(component, time, values)
