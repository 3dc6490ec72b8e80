"""Every probe on real instances, run by the platform itself: green on a sound one, red on sabotaged ones.

The platform is asked as an operator would ask it, over the API; what the probes saw is read from the signed
evidence.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from holdfast.api.baseline_client import RUN_SECONDS, assessments_path
from holdfast.baseline.evidence.bundle import read_public_key, verify_bundle
from holdfast.baseline.evidence.chain import OBSERVATION
from holdfast.baseline.probes.catalogue.absence import ABSENT
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.baseline.probes.table import FUTURE, PROBE_BY_ID, PROBES
from holdfast.baseline.service import ASSESSED
from tests.support.running import RunningInstance, own_address, running

SABOTAGE = Path(__file__).parent / "sabotage"


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
    "transit.old-tls-refused": transport("console and API, ", "a ServerHello of version 0301"),
    "transit.weak-suites-refused": transport("console and API, ", "a ServerHello that takes one of them"),
    "transit.certificate-verifies": transport("device HTTPS, ", "certificate verify failed"),
    "network.only-chosen-addresses-listen": transport("device HTTPS, port 443", "answers too"),
    "network.other-sources-refused": decision("console and API, ", "an answer: 1603"),
    "network.public-access-off": decision("device MQTT, ", "an answer: 1603"),
    "identity.device-keys-judged": decision("device MQTT, an expired signature", "accepted"),
    "identity.device-certificates-judged": decision("device MQTT, an unknown certificate", "accepted"),
    "identity.good-token-accepted": transport("API, a token", "status 401"),
    "identity.expired-token-refused": decision("API, an expired token", "status 200"),
    "identity.foreign-token-refused": decision("API, a token that was made up", "status 200"),
    "access.wrong-role-refused": decision("PATCH /api/devices/{device}", "status 200"),
    "access.other-organization-hidden": decision("GET /api/devices/{device}", "status 200"),
    "audit.change-is-recorded": decision("device.credentials-read", "no record"),
    "at-rest.files-need-the-key": transport("cache.db", "opens without a key"),
    "at-rest.only-encrypted-kinds": transport("debug.log", "a file of a kind that nobody registered"),
    "at-rest.canary-not-readable": transport("debug.log", "the canary, readable"),
    **{f"absence.{what}": transport("parts of the product", words[0]) for what, words in ABSENT.items()},
}


def observations(instance: RunningInstance, wanted: set[str]) -> dict[str, list[Observation]]:
    """Run the wanted probes, and read what each saw from the evidence that the platform hands out."""
    with instance.remote() as remote:
        for feature in remote.get("/api/baseline/assessment")["features"]:
            if wanted.intersection(feature["probes"]):
                remote.post(assessments_path("holdfast"), {"feature": feature["key"]}, RUN_SECONDS)
        bundle = remote.download("/api/baseline/evidence")
        key = remote.download("/api/baseline/evidence/key")
    items = verify_bundle(iter(bundle.splitlines(keepends=True)), read_public_key(key)).items
    seen: dict[str, list[Observation]] = {probe.id: [] for probe in PROBES}
    for item in items:
        if item.predicate_type == OBSERVATION:
            observation = msgspec.convert(item.content, Observation)
            seen[observation.probe].append(observation)
    return seen


@pytest.fixture(scope="module")
def sound_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("sound") / "data") as instance:
        yield instance


@pytest.fixture(scope="module")
def sound(sound_instance: RunningInstance) -> dict[str, list[Observation]]:
    return observations(sound_instance, set(PROBE_BY_ID))


@pytest.fixture(scope="module")
def sabotaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[Observation]]]:
    found = {}
    for sabotage in ("transport", "decisions"):
        address, source = own_address(), own_address()
        environment = {
            "address": address,
            "PYTHONPATH": str(SABOTAGE),
            "HOLDFAST_SABOTAGE": sabotage,
            "HOLDFAST_SOURCE": source,
            "HOLDFAST_DEVICES__ADDRESSES": f'["{address}", "{source}"]',
        }
        with running(tmp_path_factory.mktemp(sabotage) / "data", **environment) as instance:
            wanted = {probe for probe, seen in SEEN.items() if seen.sabotage == sabotage}
            found[sabotage] = observations(instance, wanted)
    return found


@pytest.mark.parametrize("probe", PROBE_BY_ID)
def test_a_sound_instance_passes(sound: dict[str, list[Observation]], probe: str) -> None:
    assert sound[probe]
    assert [
        (item.subject, item.observed) for item in sound[probe] if item.outcome is not Outcome.PASSED
    ] == []


@pytest.mark.parametrize("probe", PROBE_BY_ID)
def test_a_sabotaged_instance_fails_for_the_right_reason(
    sabotaged: dict[str, dict[str, list[Observation]]], probe: str
) -> None:
    sabotage, subject, observed = SEEN[probe]
    failed = [item for item in sabotaged[sabotage][probe] if item.outcome is Outcome.FAILED]
    assert any(item.subject.startswith(subject) and observed in item.observed for item in failed), sabotaged[
        sabotage
    ][probe]


def test_no_probe_is_without_sabotage() -> None:
    assert set(SEEN) == {probe.id for probe in PROBES}


def test_every_probe_that_a_claim_names_is_there_or_said_to_come() -> None:
    claimed = {probe for service in ASSESSED for entry in service.entries for probe in entry.probes}
    claimed |= {probe for service in ASSESSED for line in service.profile for probe in line.probes}
    assert claimed == set(PROBE_BY_ID) | FUTURE
    assert not FUTURE & set(PROBE_BY_ID)


def test_probes_leave_no_device_behind(
    sound: dict[str, list[Observation]], sound_instance: RunningInstance
) -> None:
    assert sound
    with sound_instance.remote() as remote:
        assert remote.pages("/api/devices") == []
