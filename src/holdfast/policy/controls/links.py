"""Which policies speak for which control and feature: what the baseline combines with its probes.

A control comes from the groups of initiatives, as they are published (`Azure_Security_Benchmark_v3.0_NS-2`),
and from the metadata of our own definitions, which name the feature too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from holdfast.kernel.organizations import OrganizationPath
from holdfast.policy.builtin.catalog import entries
from holdfast.policy.compliance.model import Counts
from holdfast.policy.compliance.reading import EVERYWHERE, Filter, PolicyStates
from holdfast.policy.engine.active import Active, ActivePolicy, Loader
from holdfast.policy.kinds.names import DEFINITION, full_id
from holdfast.policy.language.expressions.templates import Constant
from holdfast.policy.language.rules.model import Definition
from holdfast.resources.model import Reader

_CONTROL: Final = re.compile(r"(?:^|_)([A-Z]{2}-\d{1,2})$")
_OWN: Final = {entry.name: entry for entry in entries()}


class PolicyLink(NamedTuple):
    """One policy that is assigned, and a control that it speaks for."""

    control: str
    """The control's id, such as `NS-2`."""
    feature: str
    """The feature of a service baseline, such as `private-link`; empty when only the control is known."""
    assignment: str
    reference: str
    definition: str
    title: str
    counts: Counts
    """How many resources it judges are in which state; all zero while it judges none."""


class PolicyRow(NamedTuple):
    """One row of the published table of policy definitions."""

    control: str
    feature: str
    name: str
    """What people call it."""
    definition_id: str
    description: str
    effects: str
    """The effects that an assignment may choose, in the order of the definition."""
    version: str


def control_of_group(group: str) -> str:
    """The control that a group of an initiative stands for; empty when it stands for none."""
    found = _CONTROL.search(group)
    return found[1] if found else ""


class PolicyControls:
    """What is in force as the baseline sees it; reads anew at every question. Blocking."""

    def __init__(self, reader: Reader, states: PolicyStates) -> None:
        self._loader = Loader(reader)
        self._states = states

    def links(self, reach: tuple[OrganizationPath, ...] = EVERYWHERE) -> list[PolicyLink]:
        """See `policy_links`."""
        return policy_links(self._loader.load(), self._states, reach)

    def rows(self) -> list[PolicyRow]:
        """See `policy_rows`."""
        return policy_rows(self._loader.load())


def policy_links(
    active: Active, states: PolicyStates, reach: tuple[OrganizationPath, ...] = EVERYWHERE
) -> list[PolicyLink]:
    """Every assigned policy with each of its controls and its present counts, ordered by control."""
    counted = states.by_policy(Filter(reach))
    links = [
        PolicyLink(control, feature, *policy.key, policy.definition, policy.title, numbers)
        for policy in active.policies
        for numbers in [counted.get(policy.key, Counts())]
        for control, feature in _spoken_for(policy)
    ]
    return sorted(links)


def _spoken_for(policy: ActivePolicy) -> Iterator[tuple[str, str]]:
    own = _OWN.get(policy.definition)
    groups = [control for group in policy.binding.groups if (control := control_of_group(group))]
    controls = dict.fromkeys([*([own.control] if own else []), *groups])
    for control in controls:
        yield control, own.feature if own and own.control == control else ""


def policy_rows(active: Active | None = None) -> list[PolicyRow]:
    """The published table: our own policies, and those that `active` adds by the groups of initiatives."""
    rows = [
        PolicyRow(
            entry.control,
            entry.feature,
            entry.title,
            full_id(DEFINITION, entry.name),
            entry.description,
            ", ".join(_choices(entry.document)),
            "1.0.0",
        )
        for entry in entries()
    ]
    for policy in active.policies if active is not None else ():
        rows += [_row(control, policy) for control, _ in _spoken_for(policy) if policy.definition not in _OWN]
    return sorted(dict.fromkeys(rows))


def _choices(document: Mapping[str, object]) -> Iterable[str]:
    match document:
        case {"properties": {"parameters": {"effect": {"allowedValues": list() as allowed}}}}:
            return [str(each) for each in allowed]
    return ()


def _row(control: str, policy: ActivePolicy) -> PolicyRow:
    definition = policy.policy.definition
    return PolicyRow(
        control,
        "",
        policy.title,
        policy.binding.definition_id,
        definition.description,
        ", ".join(_effects(definition)),
        definition.version,
    )


def _effects(definition: Definition) -> list[str]:
    """What the effect may be: the allowed values of its parameter, else the effect itself."""
    parameter = definition.parameters.get("effect")
    if parameter is not None and parameter.allowed:
        return [str(each) for each in parameter.allowed]
    effect = definition.rule.effect
    return [str(effect.value)] if isinstance(effect, Constant) else []
