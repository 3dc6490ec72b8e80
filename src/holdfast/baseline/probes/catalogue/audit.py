"""The audit log: what happens is written down, by whom and from where."""

import csv
import io
from collections.abc import Iterator
from urllib.parse import urlencode

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import probe_device
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Sight


def change_is_recorded(context: ProbeContext) -> Iterator[Sight]:
    """Make a device, read its key and remove it, then look for the records."""
    with probe_device(context) as device:
        pass
    query = urlencode({"format": "csv", "resource": device.id})
    answer = ask(context, "GET", f"/audit?{query}", Persona.KEEPER)
    if answer.status != 200:
        raise RuntimeError(f"the audit log cannot be read: status {answer.status}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    for event in ("device.created", "device.credentials-read", "device.deleted"):
        found = [row for row in rows if row["event"] == event and row["address"] == context.source]
        seen = f"a record by {found[0]['actor']}" if found else "no record"
        yield Sight(event, "a record with who and from where", seen, bool(found))
