"""Every probe on two real instances: green on a sound one, red on a sabotaged one for the right reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.baseline.probes.context import Endpoint, Persona, ProbeContext, Surface
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.baseline.probes.running import run_probes
from holdfast.baseline.probes.table import PROBE_BY_ID, PROBES
from holdfast.kernel.clock import SystemClock, SystemRandomness
from tests.support.running import RunningInstance, own_address, running

SABOTAGE = Path(__file__).parent / "sabotage"

SEEN = {
    "transit.plaintext-refused": (
        "device MQTT, ",
        r"an answer in plain text: b' \x02\x00\x00'",
    ),
    "transit.old-tls-refused": ("console and API, ", "a ServerHello of version 0301"),
    "transit.certificate-verifies": ("device HTTPS, ", "certificate verify failed"),
    "network.only-chosen-addresses-listen": ("device HTTPS, port 443", "answers too"),
    "at-rest.only-encrypted-kinds": ("debug.log", "a file of a kind that nobody registered"),
    "at-rest.canary-not-readable": ("debug.log", "the canary, readable"),
}
"""What each probe must see on the sabotaged instance, and where."""


def context_of(instance: RunningInstance, source: str) -> ProbeContext:
    ports = {Surface.DEVICE_MQTT: 8883, Surface.DEVICE_HTTPS: 443, Surface.PEOPLE: 9443}
    return ProbeContext(
        clock=SystemClock(),
        randomness=SystemRandomness(),
        source=source,
        endpoints={
            surface: Endpoint(instance.address, port, instance.address) for surface, port in ports.items()
        },
        authority=instance.root_ca,
        data=instance.data,
        tokens={Persona.KEEPER: instance.token},
    )


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProbeContext]:
    with running(tmp_path_factory.mktemp("sound") / "data") as instance:
        yield context_of(instance, own_address())


@pytest.fixture(scope="module")
def sabotaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProbeContext]:
    address, source = own_address(), own_address()
    environment = {
        "address": address,
        "PYTHONPATH": str(SABOTAGE),
        "HOLDFAST_DEVICES__ADDRESSES": f'["{address}", "{source}"]',
    }
    with running(tmp_path_factory.mktemp("sabotaged") / "data", **environment) as instance:
        yield context_of(instance, source)


def observations(context: ProbeContext, probe: str) -> tuple[Observation, ...]:
    run = run_probes([PROBE_BY_ID[probe]], context)
    assert run.missed == ()
    return run.observations


@pytest.mark.parametrize("probe", PROBE_BY_ID)
def test_a_sound_instance_passes(sound: ProbeContext, probe: str) -> None:
    seen = observations(sound, probe)
    assert [(item.subject, item.observed) for item in seen if item.outcome is not Outcome.PASSED] == []


@pytest.mark.parametrize("probe", PROBE_BY_ID)
def test_a_sabotaged_instance_fails_for_the_right_reason(sabotaged: ProbeContext, probe: str) -> None:
    subject, observed = SEEN[probe]
    failed = [item for item in observations(sabotaged, probe) if item.outcome is Outcome.FAILED]
    assert any(item.subject.startswith(subject) and observed in item.observed for item in failed), failed


def test_no_probe_is_without_sabotage() -> None:
    assert set(SEEN) == {probe.id for probe in PROBES}


def test_a_probe_leaves_nothing_behind(sound: ProbeContext) -> None:
    """Compares what the API lists before and after."""
    path = "/api/devices?api-version=2022-07-31"
    before = ask(sound, "GET", path, Persona.KEEPER).text
    run_probes(PROBES, sound)
    assert ask(sound, "GET", path, Persona.KEEPER).text == before
