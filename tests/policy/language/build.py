"""Short ways to write rules, resources and catalogs in tests."""

import json
from collections.abc import Mapping, Sequence

from holdfast.policy.language.aliases.catalog import Catalog, load_catalog
from holdfast.policy.language.evaluation.policy import Circumstances, Language, Outcome, Policy
from holdfast.policy.language.rules.definition import parse_definition

VALVES = "Plant.Water/valves"
"""The resource type of most tests."""

_VALVE_ALIASES = (
    ("open", "properties.open", True),
    ("limits.pressure", "properties.limits.maximumPressure", True),
    ("sku.tier", "sku.tier", False),
    ("owners[*]", "properties.owners[*]", True),
    ("ports[*]", "properties.ports[*]", False),
    ("ports[*].name", "properties.ports[*].name", False),
    ("ports[*].state", "properties.ports[*].properties.state", True),
    ("ports[*].links[*].speed", "properties.ports[*].properties.links[*].properties.speed", False),
)


def catalog(
    resource_type: str = VALVES, aliases: Sequence[tuple[str, str, bool]] = _VALVE_ALIASES
) -> Catalog:
    """A catalog of one type; each alias as (short name, path, whether it is modifiable)."""
    namespace, _, kind = resource_type.partition("/")
    entries = [
        {
            "name": f"{resource_type}/{short}",
            "defaultPath": path,
            "defaultMetadata": {"type": "Any", "attributes": "Modifiable" if modifiable else "None"},
        }
        for short, path, modifiable in aliases
    ]
    provider = {"namespace": namespace, "resourceTypes": [{"resourceType": kind, "aliases": entries}]}
    return load_catalog(json.dumps([provider]))


def valve(**properties: object) -> dict[str, object]:
    """A resource of the type `VALVES`."""
    return {"type": VALVES, "name": "v1", "location": "West Europe", "properties": dict(properties)}


def alias(short: str) -> str:
    """The full name of an alias of `VALVES`."""
    return f"{VALVES}/{short}"


def policy(
    condition: object,
    effect: object = "audit",
    details: object = None,
    parameters: Mapping[str, object] | None = None,
    known: Catalog | None = None,
) -> Policy:
    """A compiled definition; aliases come from `catalog()` unless others are given."""
    then = {"effect": effect} if details is None else {"effect": effect, "details": details}
    document = {"policyRule": {"if": condition, "then": then}, "parameters": dict(parameters or {})}
    return Language(known if known is not None else catalog()).compile(parse_definition(document))


def judge(
    condition: object,
    resource: object,
    *,
    effect: object = "audit",
    details: object = None,
    about: Circumstances | None = None,
    parameters: Mapping[str, object] | None = None,
) -> Outcome:
    """What a definition says of a resource."""
    known = catalog()
    compiled = policy(condition, effect, details, parameters, known)
    return compiled.evaluate(Language(known).document(resource), about)


def holds(condition: object, resource: object, about: Circumstances | None = None) -> bool:
    """Whether a condition holds for a resource."""
    outcome = judge(condition, resource, about=about)
    assert not outcome.error
    return outcome.triggered
