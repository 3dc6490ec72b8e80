"""Whatever is asked, whoever works in one place sees and changes nothing of the place beside it.

The tables of routes are walked, so a new operation or page is asked too; an address with a part that no
sample stands for fails.
"""

import re
from collections.abc import Iterator

import httpx
import pytest

from holdfast.api.frame import Route
from holdfast.api.routes import ROUTES as OPERATIONS
from holdfast.console.routes import ROUTES as PAGES
from tests.support.running import running
from tests.support.two_plants import BESIDE, PLACES, TEMPLATE, Plants, plant, versioned, word

NORTH, SOUTH = PLACES
ROUTES = [*OPERATIONS, *PAGES]
STREAMS = {"/api/audit/live", "/api/telemetry/live", "/live"}
"""They do not end; `tests/api/access/test_streams.py` reads them."""
SAMPLES = {
    "alerts": "",
    "apiTokens": "token-{}",
    "assets": "",
    "asyncOperationResults": "0",
    "attestations": "attestation-{}",
    "captures": "capture-{}",
    "certificates": "primary",
    "commands": "c",
    "components": "c",
    "conditionalAccessPolicies": "whole",
    "conditions": "whole",
    "controls": "NS-1",
    "dashboards": "dashboard-{}",
    "definitions": "definition-{}",
    "deploymentManifests": "manifest-{}",
    "destinations": "destination-{}",
    "deviceGroups": "group-{}",
    "deviceTemplates": TEMPLATE,
    "devices": "device-{}",
    "elevations": "whole",
    "eligibleAssignments": "eligible-{}",
    "enrollment": "SAS-IoT-Devices",
    "enrollmentGroups": "SAS-IoT-Devices",
    "exclusions": "exclusion-{}",
    "exemptions": "whole",
    "export": "assets",
    "features": "ns-1",
    "files": "",
    "groups": "group-{}",
    "guide": "device-{}",
    "identities": "whole",
    "identityProviders": "whole",
    "initiatives": "set-{}",
    "iotApps": "holdfast",
    "items": "0",
    "jobs": "job-{}",
    "localMethods": "apiTokens",
    "maintenanceWindows": "window-{}",
    "managedIdentities": "whole",
    "managementGroups": "holdfast",
    "manifests": "manifest-{}",
    "modules": "m",
    "new": "syslog",
    "organizations": "{}",
    "pcap": "",
    "people": "user-{}",
    "policyAssignments": "assignment-{}",
    "policyDefinitions": "definition-{}",
    "policyExemptions": "exemption-{}",
    "policySetDefinitions": "set-{}",
    "principals": "user-{}",
    "provider": "whole",
    "providers": "whole",
    "publications": "markdown",
    "queries": "query-{}",
    "recommendations": "whole",
    "regulatoryComplianceAssessments": "private-link",
    "regulatoryComplianceControls": "NS-2",
    "regulatoryComplianceStandards": "holdfast",
    "relationships": "r",
    "remediations": "remediation-{}",
    "rerun": "again",
    "resourceGroups": "holdfast",
    "reviews": "review-{}",
    "riskSignals": "whole",
    "roles": "all",
    "rules": "rule-{}",
    "scheduledJobs": "scheduled-{}",
    "sensors": "sensor-{}",
    "shared-policies": "whole",
    "sharedAccessPolicies": "whole",
    "sessions": "whole",
    "settings": "{}",
    "subscriptions": "holdfast",
    "supportRequests": "whole",
    "telemetry": "t",
    "templates": TEMPLATE,
    "tiles": "0",
    "users": "user-{}",
    "versions": "1.0.0",
    "windows": "window-{}",
}
"""What stands for a part of an address, by the part before it; `{}` is the place. The product gave what is
empty."""
ASKED = {
    "/api/access/why": {"principal": f"user-{SOUTH}", "permission": "organization:device:read"},
    "/api/access/conditionalAccessPolicies/whatIf": {"principal": f"user-{SOUTH}", "address": "192.0.2.1"},
}
"""Operations that read and take a body."""
READ_BY_POST = ("queryResults", "summarize", "whatIf", "why")
PART = re.compile(r"([\w.-]+)/\{\w+(?::path)?\}")


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plants]:
    with running(tmp_path_factory.mktemp("visibility") / "data") as instance:
        yield plant(instance)


def address(plants: Plants, route: Route, place: str) -> str:
    """The route's address with the samples of a place in it."""

    def filled(match: re.Match[str]) -> str:
        part = "assets" if route.path.startswith("/api/v1/devices/") else match[1]
        assert part in SAMPLES, f"{route.path}: say in SAMPLES what stands behind {part}/"
        given = SAMPLES[part] or plants.found["alerts" if part == "pcap" else part, place]
        return f"{match[1]}/{given.format(place)}"

    path = PART.sub(filled, route.path)
    return versioned(path) if path.startswith("/api/") else path


def ask(someone: httpx.Client, method: str, address: str) -> httpx.Response:
    path = address.partition("?")[0]
    return someone.request(method, address, json=ASKED.get(path, {}) if method != "GET" else None)


def reads(route: Route) -> bool:
    """Whether it changes nothing and comes to an end."""
    if route.path in STREAMS:
        return False
    return route.method == "GET" or route.path.endswith(READ_BY_POST)


def tells_of(answer: httpx.Response, place: str) -> bool:
    """Whether an answer holds a text or an id of a place."""
    return word(place) in answer.text or (answer.is_success and f"-{place}" in answer.text)


def test_nothing_that_is_read_tells_of_the_place_beside(plants: Plants) -> None:
    looked, telling, hiding = 0, [], []
    for route in filter(reads, ROUTES):
        for place in PLACES:
            at = address(plants, route, place)
            whole, part = (ask(someone, route.method, at) for someone in (plants.root, plants.people[NORTH]))
            looked += tells_of(whole, SOUTH)
            if tells_of(part, SOUTH):
                telling.append((route.method, at))
            if part.is_success and word(NORTH) in whole.text and word(NORTH) not in part.text:
                hiding.append((route.method, at))
    assert telling == []
    assert hiding == [], "of one's own place everything is there"
    assert looked > 100, "the words are really looked for"


def test_nothing_that_is_changed_reaches_the_place_beside(plants: Plants) -> None:
    """With an empty body, and with one that takes what is there over: both leave everything as it was."""
    before = everything(plants, SOUTH)
    for route in OPERATIONS:  # the pages' forms do the same, and take a token of the form besides
        at = address(plants, route, SOUTH)
        if reads(route) or SOUTH not in at:
            continue
        for body in ({}, {"displayName": "taken", "organizations": [BESIDE]}, None):
            asked = plants.people[BESIDE].request(route.method, at, json=body)
            assert asked.is_client_error, (route.method, at, asked.status_code)
            assert word(SOUTH) not in asked.text, (route.method, at)
    assert everything(plants, SOUTH) == before
    assert sum(there for _, there in before.values()) > 15


def everything(plants: Plants, place: str) -> dict[str, tuple[int, bool]]:
    """Whether each thing of a place that has an address of its own is there, with its texts."""
    shown = {}
    for route in OPERATIONS:
        at = address(plants, route, place)
        if route.method == "GET" and route.path.endswith("}") and place in at:
            answer = plants.root.get(at)
            shown[at] = (answer.status_code, word(place) in answer.text)
    return shown
