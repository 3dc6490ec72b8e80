"""Policies: 26 IoT definitions over 10,000 resources, one decision with 50 assignments, and Rego beside it.

Resources are of the types that the definitions are about, so that conditions go beyond the type. The peer is
the Rego interpreter of `regopy`, compiled once to a bundle, over the same conditions and the same documents.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import regopy
from tests.policy.engine.samples import APPLICATION, APPLICATIONS, open_guarded
from tests.support.shared import shared

from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import SYSTEM
from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.documents import read_json
from holdfast.policy.language.evaluation.policy import Circumstances, Document, Language, Policy
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.resources.model import Action, Change, Draft
from holdfast.runtime.kinds import KINDS

_RESOURCES = 10_000
_PEER_RESOURCES = 100
_ASSIGNMENTS = 50
_DECISIONS = 400
_TYPES = (
    "Microsoft.IoTCentral/iotApps",
    "Microsoft.Devices/IotHubs",
    "Microsoft.Devices/provisioningServices",
    "Microsoft.DeviceUpdate/accounts",
)
_CONTEXT = {"requestContext": {"apiVersion": "2022-07-31"}, "utcNow": "2026-01-01T00:00:00Z"}
_ABOUT = Circumstances(context=_CONTEXT)


def main() -> None:
    """Print the figures."""
    language = Language(Catalog())
    policies = [language.compile(parse_definition(each)) for each in _definitions()]
    _sweep(language, policies)
    _one_decision(language, policies)
    _gate()
    _beside_rego(language)


def _definitions() -> list[object]:
    """The published IoT definitions where they are there, else as many of the same shape."""
    folder = shared("azure-policy", "internet-of-things")
    if folder is not None:
        return [read_json(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    return [_sample(_TYPES[index % len(_TYPES)]) for index in range(26)]


def _sample(kind: str) -> object:
    field = f"{kind}/privateEndpointConnections[*]"
    approved = {"field": f"{field}.privateLinkServiceConnectionState.status", "equals": "Approved"}
    return {
        "parameters": {"effect": {"type": "String", "defaultValue": "Audit"}},
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": kind},
                    {"field": f"{kind}/publicNetworkAccess", "notEquals": "Disabled"},
                    {"count": {"field": field, "where": approved}, "less": 1},
                ]
            },
            "then": {"effect": "[parameters('effect')]"},
        },
    }


def _resource(index: int) -> object:
    connection = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
    return {
        "id": f"/subscriptions/s/resourceGroups/g/providers/{_TYPES[index % 4]}/r{index}",
        "name": f"r{index}",
        "type": _TYPES[index % 4],
        "location": "westeurope",
        "tags": {"plant": f"p{index % 7}"},
        "properties": {
            "publicNetworkAccess": "Disabled" if index % 3 else "Enabled",
            "disableLocalAuth": index % 5 == 0,
            "privateEndpointConnections": [connection] * (index % 3),
        },
    }


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _sweep(language: Language, policies: list[Policy]) -> None:
    resources = [_resource(index) for index in range(_RESOURCES)]

    def sweep() -> None:
        for resource in resources:
            document = language.document(resource)
            for policy in policies:
                policy.evaluate(document, _ABOUT)

    seconds = _cpu(sweep)
    each = seconds / (len(policies) * len(resources)) * 1e6
    print(f"{len(policies)} definitions × {len(resources):,} resources: {seconds:.2f} s of CPU (goal: 5 s)")
    print(f"  {each:.1f} µs an evaluation")


def _one_decision(language: Language, policies: list[Policy]) -> None:
    assigned = [policies[index % len(policies)] for index in range(_ASSIGNMENTS)]
    times = []
    for index in range(_DECISIONS):
        resource = _resource(index)
        begun = time.perf_counter()
        document = language.document(resource)
        for policy in assigned:
            policy.evaluate(document, _ABOUT)
        times.append((time.perf_counter() - begun) * 1e3)
    median, worst = statistics.median(times), statistics.quantiles(times, n=100)[98]
    print(f"one change, {_ASSIGNMENTS} assignments: median {median:.2f} ms, p99 {worst:.2f} ms (goal: 1 ms)")


_REGO = """package policy
fires[kind] {
  kind := data.kinds[_]
  lower(input.type) == lower(kind)
  lower(input.publicnetworkaccess) != "disabled"
  approved := [c | c := input.privateendpointconnections[_]
    lower(c.privatelinkserviceconnectionstate.status) == "approved"]
  count(approved) < 1
}
"""


def _gate() -> None:
    """The gate of an instance as the change path asks it, scopes and exemptions included."""
    application = {"field": "type", "equals": APPLICATIONS}
    named = {"field": f"{APPLICATIONS}/displayName", "equals": "forbidden"}
    condition: JsonObject = {"allOf": [{**application}, {**named}]}
    with tempfile.TemporaryDirectory() as folder, open_guarded(Path(folder)) as world:
        definition = world.define("own", condition, "deny")
        for index in range(_ASSIGNMENTS):
            world.assign(definition, f"a{index}")
        change = Change(Action.PUT, "application", "application", APPLICATION)
        draft = Draft(SYSTEM, change, ROOT, None, APPLICATION, world.clock.now())
        kind = KINDS["application"]
        world.gate.evaluate(kind, draft)
        spent = [_cpu(lambda: world.gate.evaluate(kind, draft)) for _ in range(_DECISIONS)]
    median = statistics.median(spent) * 1000
    print(f"gate on the change path, {_ASSIGNMENTS} assignments: median {median:.3f} ms CPU")


def _beside_rego(language: Language) -> None:
    """One condition over four types, by us and by Rego; both must find the same resources."""
    policies = [language.compile(parse_definition(_sample(kind))) for kind in _TYPES]
    documents = [language.document(_resource(index)) for index in range(_PEER_RESOURCES)]
    found: dict[str, list[bool]] = {"ours": [], "rego": []}

    def ours() -> None:
        found["ours"] = [
            any(policy.evaluate(each, _ABOUT).triggered for policy in policies) for each in documents
        ]

    interpreter = regopy.Interpreter()
    interpreter.add_data({"kinds": list(_TYPES)})
    interpreter.add_module("policy", _REGO)
    bundle = interpreter.build("x = data.policy.fires")

    def rego() -> None:
        found["rego"] = [_fires(interpreter, bundle, document) for document in documents]

    ours_us, rego_us = (_cpu(work) / _PEER_RESOURCES * 1e6 for work in (ours, rego))
    same = "the same" if found["ours"] == found["rego"] else "DIFFERENT"
    print(f"the same four conditions on one resource: ours {ours_us:.0f} µs, Rego (regopy) {rego_us:.0f} µs,")
    print(f"  ratio {rego_us / ours_us:.0f}; both find {same} resources ({sum(found['ours'])})")


def _fires(interpreter: regopy.Interpreter, bundle: regopy.Bundle, document: Document) -> bool:
    interpreter.set_input(document.flat)
    return bool(interpreter.query_bundle(bundle).binding("x"))
