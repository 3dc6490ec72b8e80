"""The baseline: documents beside the libraries that they are made with, evidence beside another signer."""

import gc
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
from securesystemslib.dsse import Envelope
from securesystemslib.signer._crypto_signer import CryptoSigner
from tests.baseline.publishing.test_oscal import MODELS
from tests.support.running import own_address, running

from holdfast.baseline.assessment.assess import assess
from holdfast.baseline.decisions.model import Decisions
from holdfast.baseline.documents.conversion import Format, parse_document, write_document
from holdfast.baseline.documents.workbook.writer import write_workbook
from holdfast.baseline.evidence.bundle import verify_bundle, write_bundle
from holdfast.baseline.evidence.chain import OBSERVATION, START, Link, append
from holdfast.baseline.evidence.envelope import sign
from holdfast.baseline.probes.context import Endpoint, Persona, ProbeContext, Surface
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.baseline.probes.probe import Pace
from holdfast.baseline.probes.running import run_probes
from holdfast.baseline.probes.table import PROBES
from holdfast.baseline.publishing.oscal.documents import publish_oscal
from holdfast.baseline.publishing.publication import Publication
from holdfast.baseline.services import carried_service
from holdfast.kernel.clock import ManualClock, SystemClock, SystemRandomness, isoformat
from holdfast.keys.file import open_key_ring

NOW = 1_800_000_000.0
REPEATS = 7
BURST = 200
"""Changes one after the other, as fast as one client makes them."""
FEATURE, PROBE = "encryption-in-transit", "transit.plaintext-refused"
"""A feature, and a probe of it that a change of the network rules runs again."""
PATIENCE_SECONDS = 60.0


def cpu_milliseconds(work: Callable[[], object]) -> float:
    """The median of some runs, without the first."""
    times = []
    for _ in range(REPEATS + 1):
        gc.collect()
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1000)
    return statistics.median(times[1:])


def line(what: str, ours: float, peer: str, theirs: float) -> None:
    print(f"  {what:<46} {ours:9.2f} ms   {peer:<34} {theirs:9.2f} ms   ratio {ours / theirs:.2f}")


def documents() -> None:
    baseline = carried_service("holdfast-platform")
    workbook = write_workbook(baseline)
    page = write_document(baseline, Format.MARKDOWN).data
    name = "holdfast-platform-security-baseline.xlsx"
    line(
        "read a mapping workbook, checked",
        cpu_milliseconds(lambda: parse_document(workbook, name)),
        "openpyxl, loading alone",
        cpu_milliseconds(lambda: openpyxl.load_workbook(io.BytesIO(workbook))),
    )
    line(
        "write a styled workbook",
        cpu_milliseconds(lambda: write_workbook(baseline)),
        "openpyxl, saving it again",
        cpu_milliseconds(lambda: openpyxl.load_workbook(io.BytesIO(workbook)).save(io.BytesIO())),
    )
    print(f"  {'read a page':<46} {cpu_milliseconds(lambda: parse_document(page, 'page.md')):9.2f} ms")
    write = cpu_milliseconds(lambda: write_document(baseline, Format.MARKDOWN))
    print(f"  {'write a page':<46} {write:9.2f} ms")


def observations(subjects: int) -> list[Observation]:
    probes = {probe for entry in carried_service("holdfast").entries for probe in entry.probes}
    return [
        Observation(
            probe=probe,
            version=1,
            subject=f"subject {number}",
            expected="refused",
            observed="refused",
            outcome=Outcome.PASSED,
            collected=NOW,
            valid_until=NOW + 3600,
        )
        for probe in sorted(probes)
        for number in range(subjects)
    ]


def assessment() -> None:
    seen = observations(100)
    services = [carried_service(key) for key in ("holdfast-platform", "holdfast-defender", "holdfast")]
    whole = cpu_milliseconds(lambda: [assess(service, seen, Decisions(), NOW) for service in services])
    print(f"  {f'assess 3 services over {len(seen)} observations':<46} {whole:9.2f} ms")
    assessed = tuple(assess(service, observations(3), Decisions(), NOW) for service in services)
    publication = Publication(assessed, "bench", "bench", NOW, Link(1, "a" * 64))
    files = publish_oscal(publication, {})

    def parse() -> None:
        for data in files.values():
            ((root, content),) = json.loads(data).items()
            MODELS[root](**content)

    made = cpu_milliseconds(lambda: publish_oscal(publication, {}))
    line(
        "make 18 OSCAL documents, references checked", made, "trestle, parsing them", cpu_milliseconds(parse)
    )


def evidence() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ring = open_key_ring(Path(folder), ManualClock(NOW), SystemRandomness())
        key = ring.signing_key("evidence")
    contents = [item.content() for item in observations(20)]

    def chain() -> None:
        last = START
        for content in contents:
            last, _ = append(last, "bench", OBSERVATION, "subject", content, key)

    signer = CryptoSigner.generate_ed25519()

    def theirs() -> None:
        for content in contents:
            Envelope(json.dumps(content).encode(), "application/vnd.in-toto+json", {}).sign(signer)

    ours, peer = cpu_milliseconds(chain), cpu_milliseconds(theirs)
    line(f"sign and chain {len(contents)} observations", ours, "securesystemslib DSSE, signing", peer)
    envelopes = []
    last = START
    for content in contents:
        last, envelope = append(last, "bench", OBSERVATION, "subject", content, key)
        envelopes.append(envelope)
    lines = list(write_bundle(envelopes, START, "bench", NOW, key))
    verify = cpu_milliseconds(lambda: verify_bundle(lines, key.public))
    print(f"  {f'verify a bundle of {len(envelopes)}':<46} {verify:9.2f} ms")
    print(f"  {'one signature':<46} {cpu_milliseconds(lambda: sign({}, key)):9.2f} ms")


def runs() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data") as instance,
    ):
        ports = {Surface.DEVICE_MQTT: 8883, Surface.DEVICE_HTTPS: 443, Surface.PEOPLE: 9443}
        endpoints = {
            surface: Endpoint(instance.address, port, instance.address) for surface, port in ports.items()
        }
        context = ProbeContext(
            clock=SystemClock(),
            randomness=SystemRandomness(),
            source=own_address(),
            endpoints=endpoints,
            authority=instance.root_ca,
            data=instance.data,
            tokens={Persona.KEEPER: instance.token},
        )
        quick = [probe for probe in PROBES if probe.pace is Pace.QUICK]
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            seen = run_probes(quick, context)
            times.append(time.perf_counter() - start)
        passed = sum(item.outcome is Outcome.PASSED for item in seen.observations)
        wall = statistics.median(times) * 1000
        print(f"  {f'run {len(quick)} quick probes (wall)':<46} {wall:9.2f} ms   {passed} passed")


def on_change() -> None:
    """From a change of the network rules to fresh evidence over the API, on a live instance."""
    clock = SystemClock()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data", HOLDFAST_BASELINE__AUTOMATIC="true") as instance,
        instance.remote() as remote,
    ):

        def is_seen_since(moment: float) -> bool:
            seen = remote.get(f"/api/baseline/features/{FEATURE}")["observations"]
            return any(item["probe"] == PROBE and item["collected"] >= isoformat(moment) for item in seen)

        def change(number: int) -> float:
            moment = clock.now()
            remote.patch("/api/application", {"privateNetworks": [f"10.0.{number % 250}.0/24"]})
            return moment

        def seconds_until_seen(moment: float) -> float:
            while not is_seen_since(moment):
                if clock.now() - moment > PATIENCE_SECONDS:
                    raise RuntimeError(f"{PROBE} did not run within {PATIENCE_SECONDS:.0f} s of a change")
                time.sleep(0.02)
            return clock.now() - moment

        times = [seconds_until_seen(change(number)) for number in range(REPEATS + 1)]
        alone = statistics.median(times[1:]) * 1000
        print(f"  {'a change until its probes have run (wall)':<46} {alone:9.2f} ms")
        start = time.perf_counter()
        moments = [change(number) for number in range(BURST)]
        rate = BURST / (time.perf_counter() - start)
        after = seconds_until_seen(moments[-1]) * 1000
        print(f"  {f'after {BURST} changes at {rate:.0f} a second (wall)':<46} {after:9.2f} ms")


def main() -> None:
    """Print our figures and the peers', measured in this run."""
    documents()
    assessment()
    evidence()
    runs()
    on_change()
