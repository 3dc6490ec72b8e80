"""What a simulated device says of its own accord, and what it answers."""

import json

import pytest

from holdfast.devices.simulation.behaviour import (
    PROPERTIES_EVERY,
    TWIN_GET,
    Behaviour,
    Message,
    subscriptions,
)
from holdfast.kernel.json import JsonValue
from holdfast.protocol.bags import decode_bag
from holdfast.protocol.hub import MethodResult, ReportedPatch, Telemetry, parse_filter, parse_topic
from tests.devices.simulation.test_values import CONTEXTS, template

MOTOR: JsonValue = {
    "@type": "Interface",
    "@id": "dtmi:test:motor;1",
    "contents": [
        {"@type": "Telemetry", "name": "speed", "schema": "integer"},
        {"@type": "Property", "name": "limit", "schema": "integer", "writable": True},
        {"@type": "Command", "name": "stop"},
    ],
    "@context": CONTEXTS,
}
STATION = template(
    [
        {"@type": "Telemetry", "name": "temperature", "schema": "double"},
        {"@type": "Property", "name": "serial", "schema": "string"},
        {"@type": "Property", "name": "target", "schema": "double", "writable": True},
        {"@type": ["Property", "Cloud"], "name": "owner", "schema": "string"},
        {
            "@type": "Command",
            "name": "measure",
            "response": {"@type": "CommandPayload", "name": "measured", "schema": "integer"},
        },
        {"@type": "Component", "name": "motor", "schema": MOTOR},
    ]
)


@pytest.fixture
def device() -> Behaviour:
    return Behaviour("sim-1", STATION)


def bodies(messages: list[Message]) -> list[JsonValue]:
    return [json.loads(message.body) for message in messages]


def test_telemetry_comes_every_turn_by_component_and_properties_now_and_then(device: Behaviour) -> None:
    first = list(device.next(0.0))
    routes = [parse_topic(message.topic, "sim-1") for message in first]
    assert [type(route) for route in routes] == [Telemetry, Telemetry, ReportedPatch]
    assert [list(body) for body in bodies(first) if isinstance(body, dict)] == [
        ["temperature"],
        ["speed"],
        ["serial"],
    ]
    assert isinstance(routes[1], Telemetry)
    assert decode_bag(routes[1].properties)["$.sub"] == "motor"
    later = [len(list(device.next(0.0))) for _ in range(PROPERTIES_EVERY)]
    assert later == [2] * (PROPERTIES_EVERY - 1) + [3]


def test_what_somebody_sets_is_acknowledged(device: Behaviour) -> None:
    desired = {"target": 21.5, "owner": "x", "motor": {"__t": "c", "limit": 7}, "other": 1, "$version": 4}
    accepted = {"ac": 200, "av": 4, "ad": "completed"}
    expected = {
        "target": {"value": 21.5, **accepted},
        "motor": {"__t": "c", "limit": {"value": 7, **accepted}},
    }
    patch = "$iothub/twin/PATCH/properties/desired/?$version=4"
    assert bodies(list(device.receive(patch, json.dumps(desired).encode(), 0.0))) == [expected]
    twin = json.dumps({"desired": desired, "reported": {"$version": 1}}).encode()
    assert bodies(list(device.receive("$iothub/twin/res/200/?$rid=get", twin, 0.0))) == [expected]
    assert parse_topic(TWIN_GET, "sim-1")


@pytest.mark.parametrize(
    ("name", "status"), [("measure", 200), ("motor%2Astop", 200), ("motor*stop", 200), ("other", 404)]
)
def test_commands_are_answered(device: Behaviour, name: str, status: int) -> None:
    (answer,) = device.receive(f"$iothub/methods/POST/{name}/?$rid=17", b"{}", 0.0)
    assert parse_topic(answer.topic, "sim-1") == MethodResult(status, "17")
    if name == "measure":
        assert isinstance(json.loads(answer.body), int)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"desired":1}'])
def test_what_makes_no_sense_is_not_answered(device: Behaviour, body: bytes) -> None:
    for topic in ("$iothub/twin/PATCH/properties/desired/?$version=1", "$iothub/twin/res/200/?$rid=get", "x"):
        assert list(device.receive(topic, body, 0.0)) == []


def test_it_listens_to_its_own_topics_only() -> None:
    assert len({parse_filter(name, "sim-1") for name in subscriptions("sim-1")}) == 4
