"""Detection: an attack of the probe is told with its packets, and a sensor says nothing to its network."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from holdfast.baseline.probes.captures import (
    CONTROLLER,
    ENGINEER,
    PANEL,
    SECONDS,
    ZONE,
    found_alerts,
    staged,
)
from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import demand
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.people import becomes
from holdfast.kernel.json import JsonObject

_DELETIONS = 20


def attack_raises_alert(context: ProbeContext) -> Iterator[Sight]:
    """Upload traffic with and without an attack, and delete many things, on an instance of its own."""
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill:
        staged(drill)
        yield _alerts(drill, "traffic that is normal", PANEL, wanted=0)
        yield _alerts(drill, "a command that stops a controller", ENGINEER, wanted=1)
        yield _packets(drill)
        yield _mass_deletion(drill, context.randomness.bytes(6).hex())


def _alerts(drill: ProbeContext, subject: str, client: str, wanted: int) -> Sight:
    found = [
        item
        for item in found_alerts(drill, f"sensor={ZONE}")
        if (item["source"], item["destination"]) == (client, CONTROLLER)
    ]
    return Sight(subject, f"{wanted} alerts", f"{len(found)} alerts", len(found) == wanted)


def _packets(drill: ProbeContext) -> Sight:
    subject, expected = "the packets behind the alert", "a capture file"
    for item in found_alerts(drill, f"sensor={ZONE}"):
        answer = ask(drill, "GET", f"/api/defender/alerts/{item['id']}/packets", Persona.KEEPER)
        return Sight(subject, expected, f"status {answer.status}", answer.status == 200)
    return Sight(subject, expected, "no alert", passed=False)


def _mass_deletion(drill: ProbeContext, name: str) -> Sight:
    """The platform watches its own people too."""
    paths = [f"/api/defender/queries/{name}-{number}" for number in range(_DELETIONS)]
    for path in paths:
        body: JsonObject = {"displayName": "drill", "subject": "assets"}
        demand(ask(drill, "PUT", path, Persona.KEEPER, body), "saving a query")
    for path in paths:
        ask(drill, "DELETE", path, Persona.KEEPER)
    seen, after = becomes(
        drill, lambda: min(1, len(found_alerts(drill, "engine=platform", "mass-deletion"))), 1, SECONDS
    )
    subject = f"an account that deletes {_DELETIONS} things"
    return Sight(subject, "an alert", f"{seen} alerts after {after:.0f} s", seen == 1)


# The sensor


def sensor_is_passive(context: ProbeContext) -> Iterator[Sight]:
    """Let a sensor hear traffic in a network of its own, and look at what leaves it and what listens."""
    with tempfile.TemporaryDirectory(prefix="holdfast-probe-") as folder:
        done = subprocess.run(  # noqa: S603 - words of this module
            ["unshare", "-rn", sys.executable, "-m", f"{__package__}.passive", folder],  # noqa: S607 - as the PATH has it
            capture_output=True,
            text=True,
            timeout=2 * SECONDS,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"the network for the sensor could not be made: {done.stderr[-300:]}")
    seen = json.loads(done.stdout.splitlines()[-1])
    heard, sent, ports = int(seen["heard"]), int(seen["sent"]), int(seen["listening"])
    yield Sight("what the sensor hears", "the packet that was sent", f"{heard} packets", heard > 0)
    yield Sight("what the sensor sends into the network", "nothing", f"{sent} packets", sent == 0)
    yield Sight("where the sensor listens", "no port", f"{ports} ports", ports == 0)
