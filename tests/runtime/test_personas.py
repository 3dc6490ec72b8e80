"""The probes' own doings are told from those of people: no alarm, no reason to probe again."""

import ipaddress
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from holdfast.alerts.model import PLATFORM, Alert, Matter, Origin, Report, Sighting
from holdfast.baseline.probes.context import DRILLS
from holdfast.kernel.clock import SystemRandomness
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources.model import Event
from holdfast.runtime.personas import WithoutProbes, is_of_probes, probes_address, probes_network
from holdfast.runtime.scratch import drill_prefix, loopback_address, remove_left_drills

NETWORK = probes_network("0ne1")


def event(**values: str) -> Event:
    told = {
        "id": "e", "name": "connection.refused", "kind": "device", "resource": "pump", "organization": "/",
        "actor": "", "actor_kind": "device", "actor_name": "", "on_behalf_of": "", "address": "192.0.2.1",
        "outcome": "refused", "before_digest": "", "after_digest": "", **values,
    }  # fmt: skip
    return Event(sequence=1, time=0.0, data={}, **told)  # type: ignore[arg-type]  # all the rest are texts


@pytest.mark.parametrize(
    "values",
    [
        {"actor_kind": "probe"},
        {"actor": "baseline-probe-keeper-1"},
        {"organization": "/baseline-probes/"},
        {"organization": "/baseline-probes-beside/"},
        {"address": f"{NETWORK}1.2"},
    ],
)
def test_what_probes_do_is_theirs(values: dict[str, str]) -> None:
    assert is_of_probes(event(**values), NETWORK)


@pytest.mark.parametrize("address", ["192.0.2.1", "127.0.0.1", "127.64.1.2", ""])
def test_what_others_do_is_not(address: str) -> None:
    assert not is_of_probes(event(address=address), NETWORK)


def test_an_address_means_nothing_where_no_network_is_named() -> None:
    assert not is_of_probes(event(address=f"{NETWORK}1.2"))


def test_probes_and_drills_come_from_networks_of_this_machine_that_do_not_meet() -> None:
    drills = ipaddress.ip_network(DRILLS)
    for number in range(200):
        probe = ipaddress.ip_address(probes_address(f"0ne{number}", SystemRandomness()))
        drill = ipaddress.ip_address(loopback_address(SystemRandomness()))
        assert probe.is_loopback
        assert probe not in drills
        assert drill in drills
        assert str(probe).startswith(probes_network(f"0ne{number}"))


class Kept:
    def __init__(self) -> None:
        self.told: list[object] = []

    def raise_alert(self, report: Report, origin: Origin = PLATFORM) -> None:
        self.told.append(report)

    def raise_alerts(self, sightings: Sequence[Sighting]) -> None:
        self.told += [each.origin.organization for each in sightings]

    def resolve_alerts(self, matters: Iterable[Matter]) -> None:
        self.told += matters

    def take_alerts(self, alerts: Sequence[Alert]) -> None:
        self.told += alerts


def test_no_alert_is_raised_in_the_organizations_of_the_probes() -> None:
    kept, report = Kept(), Report("policy-drift", 1.0, "pump", "rule", "", "seen", "wanted")
    sink = WithoutProbes(kept)
    places = [ROOT, OrganizationPath("/baseline-probes/"), OrganizationPath("/north/")]
    sink.raise_alerts([Sighting(report, Origin("policy", place)) for place in places])
    sink.raise_alert(report, Origin("policy", OrganizationPath("/baseline-probes-beside/")))
    matter = Matter("policy-drift", "pump", "rule", places[1])
    sink.resolve_alerts([matter])
    assert kept.told == ["/", "/north/", matter]


def test_what_drills_left_behind_is_removed_for_one_instance_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ours, theirs = tmp_path / f"{drill_prefix(tmp_path)}1", tmp_path / f"{drill_prefix(tmp_path / 'other')}1"
    for folder in (ours, theirs):
        (folder / "data").mkdir(parents=True)
    remove_left_drills(tmp_path)
    assert not ours.exists()
    assert theirs.exists()
