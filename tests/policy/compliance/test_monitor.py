"""States follow the resources: after changes, in sweeps, and when policies change."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from holdfast.access.people.organizations import put_organization
from holdfast.alerts.model import Resolution, Sighting
from holdfast.alerts.store.writing import AlertStore
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError, PolicyDeniedError, UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.principal import SYSTEM
from holdfast.policy.builtin.catalog import BASELINE
from holdfast.policy.compliance import monitor, states
from holdfast.policy.compliance.drift import DriftAlerts
from holdfast.policy.compliance.inventory import Suppliers
from holdfast.policy.compliance.monitor import RETRY_SECONDS, SUPPLIED_SECONDS, SWEEP_SECONDS
from holdfast.policy.compliance.reading import EVERYWHERE, Filter
from holdfast.policy.kinds.names import ASSIGNMENT, ATTESTATION, EXEMPTION, INITIATIVE, full_id
from holdfast.policy.types.documents import PolicyDocument, supplied
from holdfast.resources.model import Action
from tests.policy.compliance.samples import Watched, open_watched
from tests.policy.engine.samples import APPLICATIONS, DEVICES

_APP = f"/providers/{APPLICATIONS}/application"
_PUMP = f"/providers/{DEVICES}/pump"
_FAN = f"/providers/{DEVICES}/fan"
_SENSORS = "Holdfast.Defender/sensors"
_IS_DEVICE: JsonObject = {"field": "type", "equals": DEVICES}
_SIMULATED: JsonObject = {"allOf": [_IS_DEVICE, {"field": f"{DEVICES}/simulated", "equals": True}]}
_PROVIDERS = "Holdfast.Access/identityProviders"


@pytest.fixture
def watched(tmp_path: Path, database_url: str) -> Iterator[Watched]:
    with open_watched(tmp_path, url=database_url) as opened:
        opened.world.put("device", "pump", {"simulated": True})
        opened.world.put("device", "fan", {"simulated": False})
        yield opened


def test_a_sweep_judges_everything_that_a_policy_concerns(watched: Watched) -> None:
    watched.world.enforce(_SIMULATED, "audit")
    assert watched.found() == {_PUMP: "NonCompliant", _FAN: "Compliant"}
    state = watched.reading.find(Filter(EVERYWHERE, resource=_PUMP))[0]
    assert state.because == "simulated is true (equals true)"
    assert isinstance(state.reason, dict)
    assert state.reason["kind"] == "allOf"


def test_a_change_is_judged_and_drift_is_one_alert_until_it_is_over(watched: Watched) -> None:
    watched.world.enforce(_SIMULATED, "audit")
    watched.catch_up()
    for _ in range(3):
        watched.world.put("device", "fan", {"simulated": True})
    assert watched.found()[_FAN] == "NonCompliant"
    (alert,) = watched.alerts()
    assert (alert.source, alert.destination, alert.count, alert.open) == (_FAN, "own", 1, True)
    assert (alert.violations[0].observed, alert.violations[0].expected) == (
        f"{_FAN} is NonCompliant",
        "About own",
    )
    transitions = [
        (each.before, each.after)
        for _, each in watched.reading.transitions(Filter(EVERYWHERE, resource=_FAN))
    ]
    assert transitions == [("Compliant", "NonCompliant"), ("", "Compliant")]
    watched.world.put("device", "fan", {"simulated": False})
    watched.catch_up()
    assert [each.resolution for each in watched.alerts()] == [Resolution.RESOLVED]
    watched.world.put("device", "fan", {"simulated": True})
    watched.catch_up()
    assert [each.open for each in watched.alerts()] == [False, True]


def test_drift_that_cannot_be_told_is_told_later(watched: Watched) -> None:
    class Busy(AlertStore):
        def raise_alerts(self, sightings: Sequence[Sighting]) -> None:
            raise UnavailableError("The control role restarts.")

    world = watched.world
    world.enforce(_SIMULATED, "audit")
    watched.catch_up()
    world.put("device", "fan", {"simulated": True})
    DriftAlerts(watched.states, Busy(world.database, {}, world.clock), watched.monitor.titles).tell()
    while watched.monitor.step():
        pass
    DriftAlerts(watched.states, Busy(world.database, {}, world.clock), watched.monitor.titles).tell()
    assert watched.alerts() == []
    watched.drift.tell()
    assert [each.source for each in watched.alerts()] == [_FAN]


def test_drift_is_told_in_batches_so_that_states_go_on_between_them(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = watched.world
    world.put("device", "pump", {"simulated": False})
    world.enforce(_SIMULATED, "audit")
    watched.catch_up()
    for name in ("fan", "pump"):
        world.put("device", name, {"simulated": True})
    watched.monitor.step()
    monkeypatch.setattr(states, "_BATCH", 1)
    told = [(watched.drift.tell(), len(watched.alerts())) for _ in range(3)]
    assert told == [(True, 1), (True, 2), (False, 2)]


def test_drift_that_was_over_before_it_was_told_is_a_closed_alert(watched: Watched) -> None:
    watched.world.enforce(_SIMULATED, "audit")
    watched.catch_up()
    for simulated in (True, False):
        watched.world.put("device", "fan", {"simulated": simulated})
        watched.monitor.step()
    watched.drift.tell()
    assert [(each.source, each.open) for each in watched.alerts()] == [(_FAN, False)]


def test_what_is_deleted_or_moved_is_forgotten_where_it_was(watched: Watched) -> None:
    world = watched.world
    world.put("organization", "north", {"displayName": "North"}, organization="/north/")
    world.enforce(_SIMULATED, "audit")
    watched.catch_up()
    world.change(Action.DELETE, "device", "pump")
    world.put("device", "fan", {"simulated": True}, organization="/north/")
    assert watched.found() == {f"/organizations/north{_FAN}": "NonCompliant"}


def test_a_sweep_finds_what_time_brings_about(watched: Watched) -> None:
    world = watched.world
    ends = world.clock.now() + SWEEP_SECONDS * 1.5
    limit = f"[less('{isoformat(ends)}', utcNow())]"
    world.enforce({"allOf": [_IS_DEVICE, {"value": limit, "equals": True}]}, "audit")
    assert set(watched.found().values()) == {"Compliant"}
    world.clock.advance(SWEEP_SECONDS)
    assert set(watched.found().values()) == {"Compliant"}
    world.clock.advance(SWEEP_SECONDS)
    assert set(watched.found().values()) == {"NonCompliant"}
    assert len(watched.alerts()) == 2
    assert [counts.percentage for _, counts in watched.reading.trend("own")] == [100.0, 100.0, 0.0]


def test_changes_are_judged_while_a_sweep_goes_on(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "BATCH", 1)
    world = watched.world
    world.enforce(_SIMULATED, "audit")
    watched.catch_up()
    for number in range(3):
        world.put("device", f"pump-{number}", {"simulated": False})
    watched.catch_up()
    world.clock.advance(SWEEP_SECONDS)
    before = len(watched.reading.trend("own"))
    watched.monitor.step()  # has read all devices, and judged none or one of them
    for number in range(3):
        world.put("device", f"pump-{number}", {"simulated": True})
    watched.monitor.step()
    now = {each.resource: each.state for each in watched.reading.find(Filter(EVERYWHERE))}
    assert {now[f"{_PUMP}-{number}"] for number in range(3)} == {"NonCompliant"}
    assert len(watched.reading.trend("own")) == before
    found = watched.found()
    assert len(watched.reading.trend("own")) == before + 1
    assert {found[f"{_PUMP}-{number}"] for number in range(3)} == {"NonCompliant"}
    assert found[_FAN] == "Compliant"


def test_a_sweep_that_cannot_be_read_is_begun_again(tmp_path: Path) -> None:
    broken = [True]

    def sensors() -> list[PolicyDocument]:
        if broken[0]:
            raise InvalidError("The sensors cannot be searched.")
        return []

    with open_watched(tmp_path, Suppliers({_SENSORS: sensors})) as watched:
        world = watched.world
        world.put("device", "pump", {"simulated": False})
        world.enforce(_SIMULATED, "audit")
        assert watched.found() == {_PUMP: "Compliant"}
        world.put("device", "pump", {"simulated": True})
        assert watched.found() == {_PUMP: "NonCompliant"}
        assert watched.reading.trend("own") == []
        assert not watched.reading.swept()
        broken[0] = False
        world.clock.advance(RETRY_SECONDS)
        watched.catch_up()
        assert len(watched.reading.trend("own")) == 1
        assert watched.reading.swept()


def test_states_go_with_their_assignment(watched: Watched) -> None:
    watched.world.enforce(_SIMULATED, "audit")
    assert watched.found()
    watched.world.change(Action.DELETE, ASSIGNMENT, "own")
    assert watched.found() == {}


def test_an_exemption_shows_as_exempt_until_it_ends(watched: Watched) -> None:
    world = watched.world
    assignment = world.enforce(_SIMULATED, "audit")
    ends = isoformat(world.clock.now() + SWEEP_SECONDS / 2)
    body: JsonObject = {
        "policyAssignmentId": assignment,
        "exemptionCategory": "Mitigated",
        "scope": _PUMP,
        "expiresOn": ends,
    }
    watched.catch_up()
    world.put(EXEMPTION, "pump", body)
    assert watched.found()[_PUMP] == "Exempt"
    world.clock.advance(SWEEP_SECONDS / 2)
    assert watched.found()[_PUMP] == "NonCompliant"


def test_what_should_exist_is_looked_for_again_when_it_changes(watched: Watched) -> None:
    world = watched.world
    details: JsonObject = {
        "type": _PROVIDERS,
        "existenceScope": "subscription",
        "existenceCondition": {"field": f"{_PROVIDERS}/enabled", "equals": True},
    }
    world.enforce({"field": "type", "equals": APPLICATIONS}, "auditIfNotExists", details=details)
    assert watched.found() == {_APP: "NonCompliant"}
    provider: JsonObject = {
        "displayName": "Directory",
        "issuer": "https://login.example",
        "clientId": "holdfast",
        "enabled": True,
    }
    world.put("identityProvider", "directory", provider)
    assert watched.found() == {_APP: "Compliant"}
    world.put("identityProvider", "directory", {**provider, "enabled": False})
    assert watched.found() == {_APP: "NonCompliant"}


def test_what_looks_for_a_change_holds_up_no_other_change(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "BATCH", 1)
    world, wanted = watched.world, "Holdfast.Devices/deviceGroups"
    details: JsonObject = {"type": wanted, "existenceScope": "subscription"}
    world.enforce(_IS_DEVICE, "auditIfNotExists", "grouped", details=details)
    world.enforce(_SIMULATED, "audit")
    watched.catch_up()
    world.put("deviceGroup", "all", {"displayName": "All", "filter": "SELECT * FROM devices"})
    watched.monitor.step()  # one of the two devices is judged again
    world.put("device", "fan", {"simulated": True})
    watched.monitor.step()
    now = {(each.assignment, each.resource): each.state for each in watched.reading.find(Filter(EVERYWHERE))}
    assert now["own", _FAN] == "NonCompliant"
    assert watched.found(assignment="grouped") == {_PUMP: "Compliant", _FAN: "Compliant"}


def test_an_unattested_manual_policy_is_unknown_until_somebody_states_it(watched: Watched) -> None:
    world = watched.world
    assignment = world.enforce({"field": "type", "equals": APPLICATIONS}, "manual")
    assert watched.found() == {_APP: "Unknown"}
    stated: JsonObject = {
        "policyAssignmentId": assignment,
        "resourceId": _APP,
        "complianceState": "Compliant",
        "expiresOn": isoformat(world.clock.now() + SWEEP_SECONDS / 2),
    }
    world.put(ATTESTATION, "reviewed", stated)
    assert watched.found() == {_APP: "Compliant"}
    world.clock.advance(SWEEP_SECONDS / 2)
    assert watched.found() == {_APP: "Unknown"}


def test_an_error_counts_against_compliance(watched: Watched) -> None:
    condition: JsonObject = {"value": "[substring(field('name'), 50)]", "equals": "x"}
    watched.world.enforce({"allOf": [_IS_DEVICE, condition]}, "audit")
    assert watched.found() == {_PUMP: "Error", _FAN: "Error"}
    assert watched.reading.by_resource(Filter(EVERYWHERE)).percentage == 0.0


def test_what_others_supply_is_judged_every_ten_minutes(tmp_path: Path) -> None:
    enabled = [True]
    suppliers = Suppliers(
        {_SENSORS: lambda: [supplied(_SENSORS, "north", {"enabled": enabled[0]}, ROOT)]},
        {"device": lambda devices: {device.id: {"authentication": "sas"} for device in devices}},
    )
    with open_watched(tmp_path, suppliers) as watched:
        watched.world.put("device", "pump", {})
        for name, field in (("sensors", f"{_SENSORS}/enabled"), ("devices", f"{DEVICES}/authentication")):
            kind = field.rpartition("/")[0]
            value = False if name == "sensors" else "sas"
            condition: JsonObject = {
                "allOf": [{"field": "type", "equals": kind}, {"field": field, "equals": value}]
            }
            watched.world.enforce(condition, "audit", name)
        sensor = f"/providers/{_SENSORS}/north"
        assert watched.found() == {_PUMP: "NonCompliant", sensor: "Compliant"}
        enabled[0] = False
        assert watched.found()[sensor] == "Compliant"
        watched.world.clock.advance(SUPPLIED_SECONDS)
        assert watched.found()[sensor] == "NonCompliant"


def test_definitions_that_nobody_assigned_cost_no_sweep(watched: Watched) -> None:
    watched.world.enforce(_SIMULATED, "audit")
    watched.catch_up()
    before = watched.reading.trend("own")
    watched.world.define("idle", _IS_DEVICE, "audit")
    watched.catch_up()
    assert watched.reading.trend("own") == before


def test_the_baseline_is_judged_with_percentages_by_policy(watched: Watched) -> None:
    watched.world.assign(full_id(INITIATIVE, BASELINE), "baseline")
    watched.catch_up()
    by_policy = watched.reading.by_policy(Filter(EVERYWHERE, assignment="baseline"))
    assert by_policy["baseline", "hf-public-access-off"].percentage == 0.0
    assert by_policy["baseline", "hf-roles-were-reviewed"].percentage is None
    assert by_policy["baseline", "hf-roles-were-reviewed"].unknown == 1


def test_settings_that_nobody_stored_are_judged_as_they_are_in_force(watched: Watched) -> None:
    settings = "Holdfast.Access/settings"
    condition: JsonObject = {
        "allOf": [
            {"field": "type", "equals": settings},
            {"field": f"{settings}/localMethods.localAccounts", "equals": True},
        ]
    }
    watched.world.enforce(condition, "audit")
    identifier = f"/providers/{settings}/application"
    assert watched.found() == {identifier: "NonCompliant"}
    watched.world.put("accessSettings", "application", {"localMethods": {"deviceSas": False}})
    assert watched.found() == {identifier: "NonCompliant"}
    watched.world.change(Action.DELETE, "accessSettings", "application")
    assert watched.found() == {identifier: "NonCompliant"}


def test_policies_and_states_follow_an_organization_that_moves(watched: Watched) -> None:
    world = watched.world
    for name, parent in (("north", ""), ("south", ""), ("plant", "north")):
        world.changes.apply(
            SYSTEM, put_organization(world.store, name, {"displayName": name, "parent": parent}, None)
        )
    place = OrganizationPath("/north/plant/")
    world.put("device", "valve", {"simulated": True}, organization=place)
    definition = world.define("own", _SIMULATED, "deny")
    world.put(ASSIGNMENT, "own", {"policyDefinitionId": definition}, organization=place)
    valve = f"/providers/{DEVICES}/valve"
    assert watched.found() == {f"/organizations/north/plant{valve}": "NonCompliant"}
    world.clock.advance(1)
    moved = put_organization(world.store, "plant", {"displayName": "plant", "parent": "south"}, None)
    world.changes.apply(SYSTEM, moved)
    assignment = world.store.get(ASSIGNMENT, "own")
    assert assignment is not None
    assert assignment.body["scope"] == "/organizations/south/plant"
    assert watched.found() == {f"/organizations/south/plant{valve}": "NonCompliant"}
    with pytest.raises(PolicyDeniedError):
        world.put("device", "other", {"simulated": True}, organization=OrganizationPath("/south/plant/"))


def test_what_only_tries_the_product_out_has_no_state(tmp_path: Path) -> None:
    sensors = [supplied(_SENSORS, name, {}, ROOT) for name in ("drill", "north")]
    suppliers = Suppliers({_SENSORS: lambda: sensors}, is_drill=lambda it: "drill" in it.id)
    with open_watched(tmp_path, suppliers) as watched:
        watched.world.enforce({"field": "type", "in": [DEVICES, _SENSORS]}, "audit")
        watched.catch_up()
        for name in ("drill", "pump"):
            watched.world.put("device", name, {})
        assert set(watched.found()) == {_PUMP, f"/providers/{_SENSORS}/north"}


def test_everything_is_judged_again_when_somebody_asks(watched: Watched) -> None:
    watched.world.enforce(_SIMULATED, "audit")
    watched.catch_up()
    watched.world.clock.advance(60)
    asked = watched.world.clock.now()
    assert not watched.reading.judged_since(asked)
    watched.world.changes.record(SYSTEM, monitor.EVALUATION_ASKED)
    watched.catch_up()
    assert watched.reading.judged_since(asked)
