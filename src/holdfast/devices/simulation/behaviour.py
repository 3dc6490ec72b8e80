"""What a simulated device says and answers: topics and bodies out of its template. No I/O."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from holdfast.devices.simulation.values import Draw, response_of, value_of
from holdfast.devices.templates.capabilities import Capability, CapabilityKind
from holdfast.devices.templates.template import Template
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.protocol.bags import encode_bag
from holdfast.protocol.hub import events_topic

PROPERTIES_EVERY = 30
"""Turns after which the properties are reported anew."""

TWIN_GET = "$iothub/twin/GET/?$rid=get"
_REPORTED = "$iothub/twin/PATCH/properties/reported/?$rid=set"
_TWIN = "$iothub/twin/res/200/?$rid=get"
_DESIRED = "$iothub/twin/PATCH/properties/desired/"
_METHOD = "$iothub/methods/POST/"
_DONE = 200
_UNKNOWN = 404


class Message(NamedTuple):
    """Something to publish."""

    topic: str
    body: bytes


def subscriptions(device: str) -> tuple[str, ...]:
    """The topics that a device listens to."""
    return (
        "$iothub/twin/res/#",
        "$iothub/twin/PATCH/properties/desired/#",
        "$iothub/methods/POST/#",
        f"devices/{device}/messages/devicebound/#",
    )


class Behaviour:
    """One simulated device between its connections."""

    def __init__(self, device: str, template: Template) -> None:
        self._device = device
        self._template = template
        self._turn = 0

    # ---- of its own accord

    def next(self, now: float) -> Iterator[Message]:
        """What it sends this turn: telemetry always, properties now and then."""
        for component, capabilities in self._by_component(CapabilityKind.TELEMETRY).items():
            yield self._telemetry(component, capabilities, now)
        if self._turn % PROPERTIES_EVERY == 0 and (patch := self._properties(now)):
            yield _reported(patch)
        self._turn += 1

    def _telemetry(self, component: str, capabilities: list[Capability], now: float) -> Message:
        bag: dict[str, str | None] = {"$.ct": "application/json", "$.ce": "utf-8"}
        if component:
            bag["$.sub"] = component
        body = {one.name: self._value(one, now) for one in capabilities}
        return Message(events_topic(self._device) + encode_bag(bag), msgspec.json.encode(body))

    def _properties(self, now: float) -> JsonObject:
        """The properties that only the device sets."""
        patch: JsonObject = {}
        for component, capabilities in self._by_component(CapabilityKind.PROPERTY).items():
            values: JsonObject = {one.name: self._value(one, now) for one in capabilities if not one.writable}
            if values:
                patch.update(_within(component, values))
        return patch

    def _by_component(self, kind: CapabilityKind) -> dict[str, list[Capability]]:
        found: dict[str, list[Capability]] = {}
        for capability in self._template.of_kind(kind):
            found.setdefault(capability.component, []).append(capability)
        return found

    def _value(self, capability: Capability, now: float) -> JsonValue:
        draw = Draw(self._device, capability.path, self._turn, now)
        return value_of(self._template, capability, draw)

    # ---- when it is spoken to

    def receive(self, topic: str, body: bytes, now: float) -> Iterator[Message]:
        """Its answers to a message."""
        if topic.startswith(_METHOD):
            yield self._answer(topic.removeprefix(_METHOD), now)
        elif topic.startswith(_DESIRED):
            yield from self._take(_object(body))
        elif topic.startswith(_TWIN):
            twin = _object(body)
            desired, reported = twin.get("desired"), twin.get("reported")
            if isinstance(desired, dict) and isinstance(reported, dict):
                yield from self._take(desired)

    def _answer(self, rest: str, now: float) -> Message:
        """To a command: a response that fits the template; 404 for a command that it does not have."""
        quoted, _, query = rest.partition("/?")
        component, _, name = unquote(quoted).rpartition("*")
        request = query.removeprefix("$rid=").partition("&")[0]
        capability = self._template.find(name, component)
        if capability is None or capability.kind is not CapabilityKind.COMMAND:
            return Message(f"$iothub/methods/res/{_UNKNOWN}/?$rid={request}", b"null")
        response = response_of(self._template, capability, Draw(self._device, name, self._turn, now))
        return Message(f"$iothub/methods/res/{_DONE}/?$rid={request}", msgspec.json.encode(response))

    def _take(self, desired: JsonObject) -> Iterator[Message]:
        """Accept the writable properties that somebody set, as IoT Plug and Play acknowledges them."""
        version = desired.get("$version")
        patch: JsonObject = {}
        for capability in self._template.of_kind(CapabilityKind.PROPERTY):
            section = desired.get(capability.component) if capability.component else desired
            if not isinstance(section, dict) or section.get(capability.name) is None:
                continue
            accepted: JsonObject = {
                capability.name: {
                    "value": section[capability.name],
                    "ac": _DONE,
                    "av": version,
                    "ad": "completed",
                }
            }
            _merge(patch, _within(capability.component, accepted))
        if patch:
            yield _reported(patch)


def _within(component: str, values: JsonObject) -> JsonObject:
    """The values where their component has them in a twin."""
    return {component: {"__t": "c", **values}} if component else values


def _merge(patch: JsonObject, more: JsonObject) -> None:
    for name, value in more.items():
        held = patch.get(name)
        patch[name] = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value


def _reported(patch: JsonObject) -> Message:
    return Message(_REPORTED, msgspec.json.encode(patch))


def _object(body: bytes) -> JsonObject:
    try:
        value: JsonValue = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}
