"""The raw data view: messages as they came, each value held against the device's template, and a template
proposed from them for a device that has none."""

import base64
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from holdfast.devices.templates.judging import Fit, Judged, judge_reported, judge_telemetry
from holdfast.devices.templates.proposal import propose
from holdfast.devices.templates.template import Template
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.log.port import Twin
from holdfast.log.walking import WalkedLog
from holdfast.protocol.bags import BagError, decode_bag
from holdfast.telemetry.history import RawMessage, raw_messages

OBSERVED = 500
"""Messages that a proposal is made from."""


class RawData(NamedTuple):
    """One message with what the template says of it."""

    message: RawMessage
    properties: JsonObject
    """The application and system properties that came along."""
    body: JsonValue
    """The decoded JSON; of anything else `{"$base64": …}`."""
    values: tuple[Judged, ...]

    def of(self, fit: Fit) -> JsonObject:
        """The values with one mark, by name."""
        return {judged.name or "$body": judged.value for judged in self.values if judged.fit is fit}


class RawPage(NamedTuple):
    """Messages, newest first."""

    found: list[RawData]
    cut_at: float | None
    """See `RawMessages.cut_at`."""


def raw_data(
    log: WalkedLog, device: str, template: Template | None, begins: float, ends: float, limit: int
) -> RawPage:
    """The newest messages of a device, at most `limit`. Nothing is left out or changed."""
    messages = raw_messages(log, [device], begins, ends, limit)
    return RawPage([_judged(template, message) for message in messages.found], messages.cut_at)


def _judged(template: Template | None, message: RawMessage) -> RawData:
    try:
        body: JsonValue = msgspec.json.decode(message.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = {"$base64": base64.b64encode(message.body).decode()}
        values = [Judged(message.component, "", body, Fit.INVALID, ("it is not JSON",))]
    else:
        values = judge_telemetry(template, body, message.component, message.module)
    return RawData(message, _properties(message.properties), body, tuple(values))


def _properties(bag: str) -> JsonObject:
    try:
        return dict(decode_bag(bag)) if bag else {}
    except BagError:  # no gateway of this version stores one
        return {"$bag": bag}


def reported_data(twin: Twin, template: Template | None, module: str = "") -> list[Judged]:
    """What the device reports, each value with its mark."""
    return judge_reported(template, twin.reported, module)


def proposed_template(identifier: str, display_name: str, seen: Iterable[RawData], twin: Twin) -> JsonObject:
    """A template's body for what a device said so far, for somebody to look at and publish.

    Made from messages that are JSON objects, and from the reported and desired properties.
    """
    telemetry = [(data.message.component, data.body) for data in seen if not data.message.module]
    return propose(identifier, display_name, telemetry, twin.reported, twin.desired)
