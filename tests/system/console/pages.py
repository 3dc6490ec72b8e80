"""Every page of the console, out of its table of routes: no new one can be forgotten."""

import re
from collections.abc import Iterator, Mapping

from holdfast.console.routes import ROUTES
from tests.support.hostile import TEMPLATE
from tests.support.hostile_decisions import CONTROL, FEATURE

SAMPLES = {
    "device": "hostile-0",
    "group": "hostile-0",
    "template": TEMPLATE,
    "job": "hostile",
    "manifest": "hostile",
    "dashboard": "hostile",
    "tile": "0",
    "asset": "ASSET",
    "alert": "ALERT",
    "definition": "hostile",
    "initiative": "hostile",
    "task": "hostile",
    "user": "hostile",
    "review": "REVIEW",
    "policy": "hostile",
    "provider": "hostile",
    "identity": "hostile",
    "kind": "webhook",
    "destination": "hostile",
    "feature": FEATURE,
    "control": CONTROL,
    "recommendation": FEATURE,
    "alertExclusion": "hostile",
    "maintenanceWindow": "hostile",
    "detectionRule": "hostile",
    "networkQuery": "hostile",
}
"""What stands for each parameter of an address; in capitals what is known only once the instance runs."""
OTHER_SAMPLES = {
    "/enrollment/{group}": "/enrollment/hostile",
    "/enrollment/{group}/keys": "/enrollment/hostile/keys",
    "/policies/resource": "/policies/resource?id=/providers/Holdfast.Devices/devices/hostile-0",
}
NOT_VISITED = {
    "/network/alerts/{alert}/pcap": "a download",
}
VARIANTS = (
    "/enrollment/SAS-IoT-Devices",
    "/template-editor?device=hostile-0",
    "/search?q=hostile",
    "/explorer?names=t",
    "/network/map?layout=connection",
    "/explorer?names=t&from=2026-05-04T06:00&to=2026-05-05",
    "/explorer?names=t&range=7d&compare=custom&compareFrom=2026-05-04&compareTo=2026-05-05",
    "/enrollment/hostile-authority",
    "/settings?filter=limits",
    "/network/assets?sort=-name&filter=script",
    "/network/queries/inactive",
    "/network/queries/-new?subject=alerts",
    "/network/assets/SUSPECT",
    "/network/map?focus=SUSPECT",
    "/network/alerts/ALARM",
    "/network/alerts/ALARM/packets",
    "/people?filter=%3Cscript%3Ewindow.owned=1%3C/script%3E",
)
"""Pages that show something else by what their address asks."""


def _filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: SAMPLES[match[1]], OTHER_SAMPLES.get(path, path))


def of_instance(address: str, known: Mapping[str, str]) -> str:
    """The address with the ids of this instance for the words in capitals."""
    for name, id in known.items():
        address = address.replace(name, id)
    return address


def addresses() -> Iterator[str]:
    """An address for every page and fragment that people see."""
    shown = {route.path: route for route in ROUTES if route.method == "GET" and route.is_page}
    yield from (_filled(path) for path in shown if path not in NOT_VISITED)
    yield from VARIANTS
