"""Least privilege: who lacks a permission is refused, sees nothing, and is written down."""

import csv
import io
import json
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import VERSION, ProbeDevice, probe_device
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Sight
from holdfast.kernel.json import JsonObject

AUDIT_SECONDS = 5.0
"""Refusals are written down together, a second's worth at a time."""


def wrong_role_refused(context: ProbeContext) -> Iterator[Sight]:
    """Ask, with a role that may only look, for what it may not do; then look into the audit log."""
    with probe_device(context) as device:
        path = f"/api/devices/{device.id}?{VERSION}"
        looked = ask(context, "GET", path, Persona.READER).status
        if looked != 200:
            raise RuntimeError(f"the reader cannot even read: status {looked}")
        for method, path, body in _forbidden(device):
            answer = ask(context, method, path, Persona.READER, body)
            subject = f"{method} {path.partition('?')[0].replace(device.id, '{device}')}"
            yield Sight(subject, "status 403", f"status {answer.status}", answer.status == 403)
        yield _written_down(context)


def _forbidden(device: ProbeDevice) -> list[tuple[str, str, JsonObject | None]]:
    one = f"/api/devices/{device.id}"
    return [
        ("PATCH", f"{one}?{VERSION}", {"displayName": "changed by a reader"}),
        ("PUT", f"{one}?{VERSION}", {"displayName": "changed by a reader"}),
        ("GET", f"{one}/credentials?{VERSION}", None),
        ("POST", f"{one}/commands/reboot?{VERSION}", {}),
        ("DELETE", f"{one}?{VERSION}", None),
        ("GET", f"/api/enrollmentGroups?{VERSION}", None),
        ("GET", "/api/access/conditionalAccessPolicies", None),
        ("GET", "/api/baseline/evidence", None),
        ("GET", "/audit", None),
        ("GET", "/network-rules", None),
    ]


def _written_down(context: ProbeContext) -> Sight:
    actor = dict(parse_qsl(context.tokens[Persona.READER].rpartition(" ")[2]))["skn"]
    query = urlencode({"format": "csv", "actor": actor, "outcome": "refused"})
    expected = "the refusals, with who and from where"
    for _ in range(int(AUDIT_SECONDS / 0.1)):
        answer = ask(context, "GET", f"/audit?{query}", Persona.KEEPER)
        if answer.status != 200:
            raise RuntimeError(f"the audit log cannot be read: status {answer.status}")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        if any(row["address"] == context.source for row in rows):
            return Sight("audit log", expected, "refusals of the reader from its address", passed=True)
        time.sleep(0.1)
    return Sight("audit log", expected, "no record of them", passed=False)


def other_organization_hidden(context: ProbeContext) -> Iterator[Sight]:
    """Look for a device with the same role in the organization beside its own."""
    with probe_device(context) as device:
        path = f"/api/devices/{device.id}"
        for method, address in (("GET", path), ("GET", f"{path}/properties")):
            status = ask(context, method, f"{address}?{VERSION}", Persona.OUTSIDER).status
            subject = f"{method} {address.replace(device.id, '{device}')}"
            yield Sight(subject, "status 404, as if it were not there", f"status {status}", status == 404)
        listed = ask(context, "GET", f"/api/devices?{VERSION}", Persona.OUTSIDER)
        ids = [item["id"] for item in json.loads(listed.text)["value"]]
        seen = "the device of the other organization" if device.id in ids else f"{len(ids)} devices, not it"
        yield Sight("GET /api/devices", "a list without it", seen, device.id not in ids)
