"""The definitions that ship with Holdfast and the initiative that holds them, read from `baseline.yaml`.

The file has one short entry a policy; `built_in` makes the published form of it, with a parameter for the
effect.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import yaml

from holdfast.kernel.json import JsonObject
from holdfast.policy.kinds.names import DEFINITION, INITIATIVE, full_id

BASELINE: Final = "holdfast-baseline"
"""The name of the initiative and of its assignment at the first start."""
_EFFECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Audit": ("Audit", "Deny", "Disabled"),
    "AuditIfNotExists": ("AuditIfNotExists", "Disabled"),
    "Modify": ("Modify", "Audit", "Disabled"),
    "Manual": ("Manual", "Disabled"),
}
"""The effects that an assignment may choose, by the kind of policy."""


class Entry(NamedTuple):
    """One policy of the file."""

    name: str
    title: str
    description: str
    control: str
    """The control of the benchmark that it speaks for."""
    feature: str
    """The feature of the service baseline that it speaks for."""
    document: Mapping[str, object]
    """The definition in the published form."""


@cache
def entries() -> tuple[Entry, ...]:
    """Every policy of the Holdfast baseline."""
    text = files("holdfast.policy.builtin").joinpath("baseline.yaml").read_text(encoding="utf-8")
    document: Mapping[str, list[dict[str, object]]] = yaml.load(text, yaml.CSafeLoader)
    return tuple(_entry(each) for each in document["policies"])


def _entry(source: Mapping[str, object]) -> Entry:
    name, control, feature = str(source["name"]), str(source["control"]), str(source["feature"])
    kind = str(source.get("effect", "Audit"))
    properties = {
        "displayName": source["title"],
        "description": source["description"],
        "policyType": "BuiltIn",
        "mode": "All",
        "metadata": {"version": "1.0.0", "category": "Holdfast", "control": control, "feature": feature},
        "version": "1.0.0",
        "parameters": {**_effect_parameter(kind), **_parameters(source)},
        "policyRule": {
            "if": source["if"],
            "then": {"effect": "[parameters('effect')]", **_details(source)},
        },
    }
    document = {"id": full_id(DEFINITION, name), "name": name, "properties": properties}
    return Entry(name, str(source["title"]), str(source["description"]), control, feature, document)


def _effect_parameter(kind: str) -> dict[str, object]:
    metadata = {"displayName": "Effect"}
    allowed = list(_EFFECTS[kind])
    return {
        "effect": {"type": "String", "defaultValue": kind, "allowedValues": allowed, "metadata": metadata}
    }


def _parameters(source: Mapping[str, object]) -> dict[str, object]:
    given = source.get("parameters")
    return dict(given) if isinstance(given, dict) else {}


def _details(source: Mapping[str, object]) -> dict[str, object]:
    return {"details": source["details"]} if "details" in source else {}


@cache
def built_in() -> Mapping[tuple[str, str], Mapping[str, object]]:
    """Every built-in definition and initiative by kind and name, in the published form."""
    found: dict[tuple[str, str], Mapping[str, object]] = {
        (DEFINITION, entry.name): entry.document for entry in entries()
    }
    found[INITIATIVE, BASELINE] = {
        "id": full_id(INITIATIVE, BASELINE),
        "name": BASELINE,
        "properties": _initiative(),
    }
    return found


def baseline_assignment() -> JsonObject:
    """The assignment that a new instance has: it judges, and neither changes nor refuses anything."""
    return {
        "policyDefinitionId": full_id(INITIATIVE, BASELINE),
        "displayName": "Holdfast baseline",
        "description": "Set enforcementMode to Default to let its policies change what can be set right.",
        "enforcementMode": "DoNotEnforce",
    }


def _initiative() -> Mapping[str, object]:
    controls = sorted({entry.control for entry in entries()})
    return {
        "displayName": "Holdfast baseline",
        "description": "What a well-kept instance looks like: access, keys, devices, network, operations.",
        "policyType": "BuiltIn",
        "metadata": {"version": "1.0.0", "category": "Holdfast"},
        "version": "1.0.0",
        "parameters": {},
        "policyDefinitionGroups": [
            {"name": _group(control), "displayName": control, "category": "MCSB"} for control in controls
        ],
        "policyDefinitions": [
            {
                "policyDefinitionId": full_id(DEFINITION, entry.name),
                "policyDefinitionReferenceId": entry.name,
                "definitionVersion": "1.*.*",
                "parameters": {},
                "groupNames": [_group(entry.control)],
            }
            for entry in entries()
        ],
    }


def _group(control: str) -> str:
    """Groups are named as the published initiatives name them, so that one reader serves both."""
    return f"Azure_Security_Benchmark_v3.0_{control}"
