"""Every probe on real instances, run by the platform itself: green on a sound one, red on sabotaged ones.

The platform is asked as an operator would ask it, over the API; what the probes saw is read from the signed
evidence.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from holdfast.api.baseline_client import assessments_path
from holdfast.baseline.evidence.bundle import read_public_key, verify_bundle
from holdfast.baseline.evidence.chain import OBSERVATION
from holdfast.baseline.probes.catalogue.absence import ABSENT
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.baseline.probes.table import PROBES
from holdfast.baseline.service import ASSESSED
from tests.support.running import own_address, running

pytestmark = pytest.mark.timeout(900)  # of a machine that does much else beside

RUN_SECONDS = 840.0
"""Three instances with drills of their own, on that machine."""
SABOTAGE = Path(__file__).parent / "sabotage"


PROBE_IDS = [probe.id for probe in PROBES]


class Seen(NamedTuple):
    """What a probe must see on a sabotaged instance, and where."""

    sabotage: str
    subject: str
    observed: str


def transport(subject: str, observed: str) -> Seen:
    return Seen("transport", subject, observed)


def decision(subject: str, observed: str) -> Seen:
    return Seen("decisions", subject, observed)


SEEN = {
    "transit.plaintext-refused": transport("device MQTT, ", r"an answer in plain text: b' \x02\x00\x00'"),
    "transit.sensor-trusts-its-platform-alone": transport(
        "a listener with another certificate", "an MQTT CONNECT"
    ),
    "transit.old-tls-refused": transport("console and API, ", "a ServerHello of version 0301"),
    "transit.weak-suites-refused": transport("console and API, ", "a ServerHello that takes one of them"),
    "transit.certificate-verifies": transport("device HTTPS, ", "certificate verify failed"),
    "network.only-chosen-addresses-listen": transport("device HTTPS, port 443", "answers too"),
    "network.rules-apply-here": transport("device MQTT, ", "an answer: 2002"),
    "network.other-sources-refused": decision("console and API, ", "an answer: 1603"),
    "network.public-access-off": decision("device MQTT, ", "an answer: 1603"),
    "identity.device-keys-judged": decision("device MQTT, an expired signature", "accepted"),
    "identity.device-certificates-judged": decision("device MQTT, an unknown certificate", "accepted"),
    "identity.good-token-accepted": transport("API, a token", "status 401"),
    "identity.expired-token-refused": decision("API, an expired token", "status 200"),
    "identity.foreign-token-refused": decision("API, a token that was made up", "status 200"),
    "access.wrong-role-refused": decision("PATCH /api/devices/{device}", "status 200"),
    "access.sensor-roles-limited": decision("who may only look: PATCH", "status 200"),
    "access.other-organization-hidden": decision("GET /api/devices/{device}", "status 200"),
    "identity.provider-token-accepted": decision("API, a token that somebody else signed", "status 200"),
    "identity.service-principal-limited": decision("API, a change", "status 200"),
    "identity.local-methods-switched-off": decision("console, a local account, switched off", "status 200"),
    "identity.shared-access-policies-judged": decision("device MQTT, a made-up key", "status 200"),
    "identity.local-administrators-counted": decision("a new local administrator", "not listed"),
    "identity.managed-identity-has-no-secret": decision("how long it lives", "31536000 s"),
    "access.condition-refuses": decision("after the policy was enforced", "status 200"),
    "access.elevation-ends": decision("approved by oneself", "status 409"),
    "access.support-needs-approval": decision("approved by themselves", "status 409"),
    "audit.change-is-recorded": decision("device.credentials-read", "no record"),
    "at-rest.files-need-the-key": transport("cache.db", "opens without a key"),
    "at-rest.only-encrypted-kinds": transport("debug.log", "a file of a kind that nobody registered"),
    "at-rest.sensor-state-unreadable": transport("sensor: sensor.db-wal", "the canary, readable"),
    "at-rest.packets-unreadable": transport("platform: ", "the canary, readable"),
    "at-rest.canary-not-readable": transport("debug.log", "the canary, readable"),
    "at-rest.revoked-key-locks-data": transport("started without its key", "it starts and serves"),
    "at-rest.secrets-sealed": decision("a device's key", "in the clear in control.db, resource"),
    "policy.deny-refuses-change": decision("a new device that a policy denies", "status 200"),
    "profile.device-protocols-answer": transport("device MQTT", "SSL"),
    "detection.attack-raises-alert": decision("a command that stops a controller", "0 alerts"),
    "network.sensor-is-passive": transport("what the sensor sends into the network", " packets"),
    "profile.runs-on-operators-host": transport("console and API, ", "no process of this machine"),
    "profile.data-folder-grows": decision("telemetry", "no file was written"),
    **{f"absence.{what}": transport("parts of the product", words[0]) for what, words in ABSENT.items()},
}


class Judged(NamedTuple):
    """An instance that was probed, and what each probe saw there."""

    seen: dict[str, list[Observation]]
    devices: list[object]
    """What was left behind."""


def judge(data: Path, wanted: set[str], **environment: str) -> Judged:
    """Start an instance, run the wanted probes, and read what each saw from the evidence."""
    with running(data, **environment) as instance, instance.remote() as remote:
        remote.post(assessments_path("holdfast"), {"probes": sorted(wanted)}, RUN_SECONDS)
        bundle = remote.download("/api/baseline/evidence")
        key = remote.download("/api/baseline/evidence/key")
        left: list[object] = [*remote.pages("/api/devices")]
    items = verify_bundle(iter(bundle.splitlines(keepends=True)), read_public_key(key)).items
    seen: dict[str, list[Observation]] = {probe: [] for probe in PROBE_IDS}
    for item in items:
        if item.predicate_type == OBSERVATION:
            observation = msgspec.convert(item.content, Observation)
            seen.setdefault(observation.probe, []).append(observation)  # policies are observed too
    return Judged(seen, left)


def sabotaged_instance(data: Path, sabotage: str) -> Judged:
    address, source = own_address(), own_address()
    environment = {
        "address": address,
        "PYTHONPATH": str(SABOTAGE),
        "HOLDFAST_SABOTAGE": sabotage,
        "HOLDFAST_SOURCE": source,
        "HOLDFAST_DEVICES__ADDRESSES": f'["{address}", "{source}"]',
    }
    return judge(data, {probe for probe, seen in SEEN.items() if seen.sabotage == sabotage}, **environment)


SOUND = "sound"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Judged]:
    """All instances at the same time: most of what probes do is waiting."""
    names = (SOUND, "transport", "decisions")
    folders = {name: tmp_path_factory.mktemp(name) / "data" for name in names}
    with ThreadPoolExecutor(len(names)) as pool:
        runs = {name: pool.submit(sabotaged_instance, folders[name], name) for name in names[1:]}
        runs[SOUND] = pool.submit(judge, folders[SOUND], set(PROBE_IDS))
    return {name: run.result() for name, run in runs.items()}


@pytest.mark.parametrize("probe", PROBE_IDS)
def test_a_sound_instance_passes(judged: dict[str, Judged], probe: str) -> None:
    seen = judged[SOUND].seen[probe]
    assert seen
    assert [(item.subject, item.observed) for item in seen if item.outcome is not Outcome.PASSED] == []


@pytest.mark.parametrize("probe", PROBE_IDS)
def test_a_sabotaged_instance_fails_for_the_right_reason(judged: dict[str, Judged], probe: str) -> None:
    sabotage, subject, observed = SEEN[probe]
    seen = judged[sabotage].seen[probe]
    failed = [item for item in seen if item.outcome is Outcome.FAILED]
    assert any(item.subject.startswith(subject) and observed in item.observed for item in failed), seen


def test_no_probe_is_without_sabotage() -> None:
    assert set(SEEN) == set(PROBE_IDS)


def test_claims_name_every_probe_and_no_other() -> None:
    claimed = {probe for service in ASSESSED for entry in service.entries for probe in entry.probes}
    claimed |= {probe for service in ASSESSED for line in service.profile for probe in line.probes}
    assert claimed == set(PROBE_IDS)


def test_probes_leave_no_device_behind(judged: dict[str, Judged]) -> None:
    assert judged[SOUND].devices == []
