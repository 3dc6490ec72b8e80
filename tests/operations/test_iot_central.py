"""The import's own decisions: order, pace, what is skipped, what goes on when something is refused."""

import base64
from typing import Any

import pytest

from holdfast.devices.bulk.csv_files import DeviceRow
from holdfast.kernel.errors import InvalidError, NotFoundError, TooManyRequestsError, UnavailableError
from holdfast.operations.iot_central.assets import Options
from holdfast.operations.iot_central.devices import Fleet, mark
from holdfast.operations.iot_central.importing import KINDS, apply_plan, make_plan
from holdfast.operations.iot_central.model import Action, Plan
from holdfast.operations.iot_central.source import Source
from holdfast.protocol.sas import derive_key

GROUP_KEY = base64.b64encode(b"k" * 32).decode()
OTHER_KEY = base64.b64encode(b"o" * 32).decode()


class Documents:
    """An application as a table of documents by path, which counts what it is asked."""

    def __init__(self, **documents: Any) -> None:
        self.documents: dict[str, Any] = {f"/api/{path}": body for path, body in documents.items()}
        self.asked: list[str] = []
        self.refused: dict[str, Exception] = {}
        self.waits: list[Exception] = []

    def get(self, path: str) -> Any:
        self.asked.append(path)
        if self.waits:
            raise self.waits.pop(0)
        plain, _, query = path.partition("?")
        if "filter=" in query:
            return {"value": []}  # no gateways
        if plain in self.documents:
            found = self.documents[plain]
            return {"value": found} if isinstance(found, list) else found
        raise NotFoundError(f"nothing at {path}")

    def put(self, path: str, body: Any) -> Any:
        if path in self.refused:
            raise self.refused[path]
        self.documents[path] = body
        return body

    def patch(self, path: str, body: Any) -> Any:
        return self.put(path, {**self.documents.get(path, {}), **body})


def _source(documents: Documents, sleeps: list[float] | None = None) -> Source:
    return Source(documents, 1e9, (sleeps if sleeps is not None else []).append, lambda: 0.0)


def _plan(left: Documents, here: Documents, fleet: Fleet | None = None, *only: str) -> Plan:
    return make_plan(_source(left), here, Options(), fleet or Fleet(), frozenset(only or KINDS))


def _devices(*ids: str) -> list[Any]:
    return [{"id": id, "etag": "1", "displayName": id, "enabled": True, "provisioned": True} for id in ids]


def test_organizations_come_parents_first_and_circles_are_told() -> None:
    organizations = [{"id": "leaf", "parent": "root", "displayName": "L"}, {"id": "root", "displayName": "R"}]
    circle = [{"id": "a", "parent": "b"}, {"id": "b", "parent": "a"}]
    plan = _plan(Documents(organizations=[*organizations, *circle]), Documents(), None, "organizations")
    assert [step.asset.id for step in plan.steps] == ["root", "leaf"]
    assert any("each other's parents" in note.text for note in plan.notes)


def test_only_what_differs_is_due() -> None:
    left = Documents(devices=_devices("same", "other", "new"))
    here = Documents(**{"devices/same": {"displayName": "same", "enabled": True, "group": "x"}})
    here.documents["/api/devices/other"] = {"displayName": "before", "enabled": True}
    plan = _plan(left, here, Fleet(properties=False), "devices")
    due = {step.asset.id: (step.action, step.why) for step in plan.due if step.asset.kind == "devices"}
    assert due == {"other": (Action.UPDATE, "displayName"), "new": (Action.CREATE, "")}


def test_a_key_from_a_group_needs_no_enrollment_of_its_own() -> None:
    derived = base64.b64encode(derive_key(base64.b64decode(GROUP_KEY), "a")).decode()
    keys = {"primaryKey": GROUP_KEY, "secondaryKey": GROUP_KEY}
    group = {"id": "g", "attestation": {"type": "symmetricKey", "symmetricKey": keys}}
    left = Documents(devices=_devices("a", "b"), enrollmentGroups=[group])
    for device, key in (("a", derived), ("b", OTHER_KEY)):
        shown = {"primaryKey": key, "secondaryKey": key}
        left.documents[f"/api/devices/{device}/credentials"] = {"idScope": "s", "symmetricKey": shown}
    plan = _plan(left, Documents(), None, "devices")
    assert [step.asset.id for step in plan.steps if step.asset.kind == "attestations"] == ["b"]


def test_the_exported_csv_saves_the_requests_for_keys() -> None:
    left = Documents(devices=_devices("a"))
    fleet = Fleet({"a": DeviceRow(2, "a", "", (OTHER_KEY, OTHER_KEY))}, properties=False)
    plan = _plan(left, Documents(), fleet, "devices")
    [step] = [step for step in plan.steps if step.asset.kind == "attestations"]
    assert step.asset.body["symmetricKey"] == {"primaryKey": OTHER_KEY, "secondaryKey": OTHER_KEY}
    assert not any(path.startswith("/api/devices/a/") for path in left.asked)


def test_a_device_that_an_earlier_run_finished_is_not_read_again() -> None:
    [device] = _devices("a")
    left = Documents(devices=[device])
    _plan(left, Documents(), Fleet(done={mark(device)}), "devices")
    assert not any(path.startswith("/api/devices/a/") for path in left.asked)


def test_what_is_refused_is_told_and_the_others_go_on() -> None:
    left, here = Documents(devices=_devices("a", "b")), Documents()
    here.refused["/api/devices/a"] = InvalidError("no such template")
    plan = _plan(left, here, None, "devices")
    finished: list[str] = []
    failures = apply_plan(plan, here, lambda step: finished.append(step.asset.marks))
    assert [(f.kind, f.id, f.reason) for f in failures] == [("devices", "a", "no such template")]
    assert set(finished) == {"", "b 1"}, "a is not marked as finished"
    here.refused.clear()
    apply_plan(_plan(left, here, None, "devices"), here)
    assert _plan(left, here, None, "devices").due == []


def test_the_source_is_waited_for() -> None:
    left, sleeps = Documents(roles=[]), list[float]()
    left.waits = [TooManyRequestsError("slowly", 7.0), UnavailableError("gone")]
    assert _source(left, sleeps).get("/api/roles") == {"value": []}
    assert sleeps[0] == 7.0
    left.waits = [UnavailableError("gone") for _ in range(9)]
    with pytest.raises(UnavailableError):
        _source(left, sleeps).get("/api/roles")


def test_requests_are_paced() -> None:
    sleeps = list[float]()
    source = Source(Documents(roles=[]), 4.0, sleeps.append, lambda: 0.0)
    for _ in range(3):
        source.get("/api/roles")
    assert sleeps == [0.25, 0.5]


def test_the_next_page_is_asked_of_the_source_alone() -> None:
    left = Documents(roles={"value": [{"id": "a"}], "nextLink": "https://elsewhere.example/api/more?x=2"})
    left.documents["/api/more"] = [{"id": "b"}]
    assert [item["id"] for item in _source(left).items("roles")] == ["a", "b"]
    assert left.asked == ["/api/roles", "/api/more?x=2"]


def test_written_properties_are_carried_and_reported_ones_are_not() -> None:
    shown = {
        "owner": "Kim",
        "limit": 4,
        "serial": "x",
        "motor": {"speed": 3, "$metadata": {"speed": {"desiredValue": 5}}},
        "$metadata": {"limit": {"desiredValue": 4, "desiredVersion": 2}, "serial": {"lastUpdateTime": "t"}},
    }
    left = Documents(devices=_devices("a"), **{"devices/a/properties": shown})
    plan = _plan(left, Documents(), None, "devices")
    [step] = [step for step in plan.steps if step.asset.kind == "properties"]
    assert step.asset.body == {"owner": "Kim", "limit": 4, "motor": {"speed": 5}}
    here = Documents(**{"devices/a/properties": shown, "devices/a": _devices("a")[0]})
    assert not any(step.asset.kind == "properties" for step in _plan(left, here, None, "devices").due)
