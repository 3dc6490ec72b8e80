"""What people decide reaches the sensors that it concerns, in the words that those know, and no others."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec

from holdfast.defender.learned.file import dump, load
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.network.following import Instructions
from holdfast.defender.network.kinds import CAPTURE, RULE, SENSOR
from holdfast.defender.network.rows import upsert
from holdfast.defender.network.tables import learned
from holdfast.defender.uplink.instructions import SETUP, unpack_setup
from holdfast.devices import messages
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from holdfast.resources.model import Event, Page, Resource
from holdfast.resources.query import Query
from tests.defender.network.conftest import NORTH, SOUTH, Platform, heard
from tests.support.traffic.cases.modbus import umas_exchange
from tests.support.traffic.wire import BEGIN

STOP = umas_exchange(0x33, 0x41)
TRAFFIC = ["modbus", "function", "10.1.0.10", "10.1.0.20", 3]


@dataclass
class Store:
    """Sensors, captures and rules."""

    resources: list[Resource] = field(default_factory=list)

    def add(self, kind: str, identity: str, place: OrganizationPath, body: JsonObject) -> None:
        self.resources.append(Resource(kind, identity, place, body, "e", BEGIN, BEGIN))

    def get(self, kind: str, identity: str) -> Resource | None:
        return next((r for r in self.resources if (r.kind, r.id) == (kind, identity)), None)

    def find(self, query: Query) -> Page:
        found = [
            each
            for each in self.resources
            if each.kind == query.kind and any(contains(node, each.organization) for node in query.reach)
        ]
        return Page(tuple(found), "")


@dataclass
class Gateway:
    """Takes what is asked of it."""

    asked: list[tuple[str, JsonObject]] = field(default_factory=list)

    async def __call__(self, method: str, body: JsonObject) -> JsonObject:
        self.asked.append((method, body))
        return {"queued": True}


def event(name: str, resource: str, place: OrganizationPath = NORTH, **data: Any) -> Event:  # Any: JSON
    kind = name.partition(".")[0]
    return Event(1, "e1", BEGIN, name, kind, resource, place, "", "", "", "", "", "ok", "", "", data)


def follow(platform: Platform, store: Store, *events: Event) -> list[tuple[str, JsonObject]]:
    gateway = Gateway()
    following = Instructions(store, platform.database, gateway, platform.clock)  # type: ignore[arg-type]  # parts of it
    for each in events:
        asyncio.run(following.handle(each))
    return gateway.asked


def sensors(*names: str) -> Store:
    store = Store()
    for name in names:
        store.add(SENSOR, name, SOUTH if name == "far" else NORTH, {"displayName": name})
    return store


RULE_BODY: JsonObject = {
    "name": "Setpoint",
    "protocol": "modbus",
    "conditions": [{"field": "address", "operator": "==", "value": 7}],
}


def test_sensors_that_move_with_their_organization_get_the_rules_of_the_new_place(platform: Platform) -> None:
    store = sensors("s1", "far")
    store.add(RULE, "r1", ROOT, RULE_BODY)
    asked = follow(platform, store, event("organization.moved", "north", to=NORTH))
    assert [body["device"] for _, body in asked] == ["s1"]


def test_a_rule_goes_to_the_sensors_of_its_organization_and_below(platform: Platform) -> None:
    store = sensors("s1", "s2", "far")
    store.add(RULE, "r1", NORTH, RULE_BODY)
    asked = follow(platform, store, event(f"{RULE}.created", "r1"))
    assert {body["device"] for _, body in asked} == {"s1", "s2"}
    assert {method for method, _ in asked} == {messages.STATE_PATCH_DESIRED}
    patch = asked[0][1]["patch"]
    assert isinstance(patch, dict)
    (rule,) = msgspec.json.decode(unpack_setup(msgspec.convert(patch[SETUP], list[str])).rules)
    assert rule["name"] == "Setpoint"


def test_a_rule_above_holds_for_every_setup_below_and_one_beside_for_none(platform: Platform) -> None:
    store = sensors("s1")
    store.add(RULE, "everywhere", ROOT, {**RULE_BODY, "name": "everywhere"})
    store.add(RULE, "elsewhere", SOUTH, {**RULE_BODY, "name": "elsewhere"})
    ((_, body),) = follow(platform, store, event(f"{SENSOR}.updated", "s1"))
    patch = body["patch"]
    assert isinstance(patch, dict)
    rules = msgspec.json.decode(unpack_setup(msgspec.convert(patch[SETUP], list[str])).rules)
    assert [rule["name"] for rule in rules] == ["everywhere"]


def test_a_decision_goes_to_every_sensor_that_saw_the_alert_by_its_own_id(platform: Platform) -> None:
    platform.report(heard("s1", STOP))
    platform.report(heard("s2", STOP))
    (shown,) = [alert for alert in platform.alerts.values() if alert.type.id == "controller-stop"]
    asked = follow(platform, sensors("s1", "s2"), event("alert.muted", shown.id, type=shown.type.id))
    assert {(method, body["device"]) for method, body in asked} == {
        (messages.STATE_ENQUEUE, "s1"),
        (messages.STATE_ENQUEUE, "s2"),
    }
    assert len({str(body) for _, body in asked}) == 2


def test_what_is_refused_or_concerns_nobody_is_not_told(platform: Platform) -> None:
    store = sensors("s1")
    refused = event(f"{SENSOR}.updated", "s1")
    refused = Event(**{name: getattr(refused, name) for name in Event.__slots__} | {"outcome": "refused"})
    others = event("device.updated", "s1"), event("alert.commented", "a"), event(f"{SENSOR}.deleted", "s1")
    assert follow(platform, store, refused, *others, event("alert.muted", "nobody-saw-it")) == []


def test_what_is_learned_of_a_capture_is_learned_for_its_zone(platform: Platform) -> None:
    platform.report(heard("monday", STOP))
    (shown,) = [alert for alert in platform.alerts.values() if alert.type.id == "controller-stop"]
    with platform.database.write() as connection:
        upsert(connection, learned, [{"organization": NORTH, "document": dump(LearnedTraffic())}])
    store = Store()
    store.add(CAPTURE, "monday", NORTH, {"displayName": "monday"})
    decision = event("alert.learned", shown.id, learned=[TRAFFIC], organization=NORTH)
    assert follow(platform, store, decision) == []
    with platform.database.read() as connection:
        content = connection.execute(learned.select()).one().document
    assert load(content).size == 1
