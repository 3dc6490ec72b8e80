"""The probes' own is told from what people do, and theirs alone: no alarm, no policy, no place to hide."""

import ipaddress
import tempfile
from pathlib import Path

import pytest

from holdfast.baseline.probes.context import DRILLS
from holdfast.kernel.clock import SystemRandomness
from holdfast.kernel.errors import ForbiddenError
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Grant, Principal, PrincipalKind
from holdfast.policy.types.documents import PolicyDocument
from holdfast.resources.model import Action, Change, Draft, Event
from holdfast.runtime.drills import (
    ProbesAuthorizer,
    is_drill,
    is_of_probes,
    probes_address,
    probes_network,
)
from holdfast.runtime.kinds import KINDS
from holdfast.runtime.personas import PRINCIPAL
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
        {"actor": "baseline-probe-keeper-1", "actor_kind": "api-token"},
        {"organization": "/baseline-probes/"},
        {"organization": "/baseline-probes-beside/"},
        {"address": f"{NETWORK}1.2"},
    ],
)
def test_what_probes_do_is_theirs(values: dict[str, str]) -> None:
    assert is_of_probes(event(**values), NETWORK)


@pytest.mark.parametrize(
    "values",
    [
        *({"address": address} for address in ("192.0.2.1", "127.0.0.1", "127.64.1.2", "")),
        *({"actor": "baseline-probe-1", "actor_kind": kind} for kind in ("user", "device")),
        {"organization": "/baseline-probes-elsewhere/"},
    ],
)
def test_what_others_do_is_not(values: dict[str, str]) -> None:
    assert not is_of_probes(event(**values), NETWORK)


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


ALL = frozenset(Permission)
DOCUMENT = PolicyDocument("", "", ROOT, {})


def principal(kind: PrincipalKind, id_: str = "grace") -> Principal:
    return Principal(id_, kind, id_, (Grant(ROOT, ALL),))


GRACE = principal(PrincipalKind.USER)
THEIRS = [
    ("apiToken", "baseline-probe-reader-1", "/"),
    ("organization", "baseline-probes", "/baseline-probes/"),
]
THEIRS += [("device", "pump", f"/{place}/") for place in ("baseline-probes", "baseline-probes-beside/below")]
OTHERS = [
    ("device", "baseline-probe-1", "/north/"),
    ("apiToken", "backup", "/"),
    ("user", "baseline-probe-1", "/"),
]
OTHERS += [("device", "pump", "/baseline-probes-elsewhere/"), ("organization", "north", "/north/")]


def draft(kind: str, id_: str, place: str, who: Principal, action: Action = Action.PUT) -> Draft:
    return Draft(who, Change(action, kind, id_), OrganizationPath(place), None, {}, 0.0)


@pytest.mark.parametrize("what", THEIRS)
def test_what_is_the_probes_own_is_made_by_them_alone_and_removed_by_whoever_may(
    what: tuple[str, str, str],
) -> None:
    authorizer, kind = ProbesAuthorizer(), KINDS[what[0]]
    for who in (GRACE, principal(PrincipalKind.API_TOKEN), principal(PrincipalKind.USER, "baseline-probe-1")):
        with pytest.raises(ForbiddenError, match="belong to the baseline's probes"):
            authorizer.check(who, kind, draft(*what, who))
    keeper = principal(PrincipalKind.API_TOKEN, "baseline-probe-keeper-1")
    for who in (PRINCIPAL, SYSTEM, keeper):
        authorizer.check(who, kind, draft(*what, who))
    authorizer.check(GRACE, kind, draft(*what, GRACE, Action.DELETE))


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_only_called_like_something_of_the_probes_is_anybodys(what: tuple[str, str, str]) -> None:
    ProbesAuthorizer().check(GRACE, KINDS[what[0]], draft(*what, GRACE))


def test_who_lacks_a_permission_is_told_that_first() -> None:
    nobody = Principal("nobody", PrincipalKind.USER, "nobody")
    with pytest.raises(ForbiddenError, match="lacks the permission"):
        ProbesAuthorizer().check(nobody, KINDS["device"], draft(*THEIRS[2], nobody))


@pytest.mark.parametrize(
    ("what", "drill"), [*((each, True) for each in THEIRS), *((each, False) for each in OTHERS)]
)
def test_policies_pass_over_what_is_the_probes_own(what: tuple[str, str, str], drill: bool) -> None:
    kind, name, place = what
    assert is_drill(DOCUMENT._replace(kind=kind, name=name, organization=OrganizationPath(place))) is drill


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
