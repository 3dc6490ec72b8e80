"""What is in force: every assigned policy, compiled once, found by the type of resource that it concerns."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from holdfast.access.people.organizations import ORGANIZATION
from holdfast.access.reading import everything
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.organizations import name as organization_name
from holdfast.policy.kinds.lookup import Found, find_policy, wrapped
from holdfast.policy.kinds.names import ASSIGNMENT, EXEMPTION, INITIATIVE, full_id, name_in
from holdfast.policy.language.assignments.model import Assignment, Exemption, Initiative
from holdfast.policy.language.assignments.parse import parse_assignment, parse_exemption, parse_initiative
from holdfast.policy.language.assignments.resolve import Binding, bindings_of
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.evaluation.concern import may_concern, unknown_aliases
from holdfast.policy.language.evaluation.policy import Language, Policy
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.policy.language.rules.model import Effect
from holdfast.policy.types.catalog import has_type, own_catalog
from holdfast.resources.model import Reader

_SHOWN: Final = 3
"""Missing definitions that a problem names."""
API_VERSION: Final = "2022-07-31"
"""What `requestContext().apiVersion` gives: the newest version of the surface that changes come through; as
documented, also where states are worked out and remediations planned."""
CONTAINERS: Final = frozenset({ORGANIZATION.policy_type})
"""Types that hold others, as subscriptions and resource groups do. Every other type stands for those with
tags and a location, which nothing has here."""
ENFORCED: Final = frozenset({Effect.DENY, Effect.MODIFY, Effect.APPEND, Effect.DENY_ACTION})
"""Effects that act at the moment of a change."""


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """One policy of one assignment."""

    binding: Binding
    policy: Policy
    definition: str
    """The name of its definition."""
    initiative: str
    """The name of the initiative that it is part of; empty when it is assigned by itself."""
    effect: Effect | None
    """The effect; None when it depends on the resource."""
    version: str
    """Changes when the definition or the way that it is assigned does."""

    @property
    def assignment(self) -> Assignment:
        """What puts it in force."""
        return self.binding.assignment

    @property
    def key(self) -> tuple[str, str]:
        """The assignment's name and the reference in it: unique among what is in force."""
        return self.assignment.name, self.binding.reference_id

    @property
    def title(self) -> str:
        """What people call it."""
        return self.policy.definition.display_name or self.definition

    @property
    def is_enforced(self) -> bool:
        """Whether it can act on a change."""
        if not self.assignment.enforced:
            return False
        overridden = any(each.kind == "policyEffect" for each in self.assignment.overrides)
        return overridden or self.effect is None or self.effect in ENFORCED

    @property
    def related_type(self) -> str:
        """The type that an *IfNotExists effect looks for; empty for others."""
        details = self.policy.definition.rule.details
        if details is None or not isinstance(details.value, dict) or self.effect in ENFORCED:
            return ""
        kind = next((value for key, value in details.value.items() if key.lower() == "type"), "")
        return kind if isinstance(kind, str) else ""


class Active:
    """Everything that is in force at one moment. Immutable."""

    def __init__(
        self,
        policies: tuple[ActivePolicy, ...] = (),
        exemptions: tuple[Exemption, ...] = (),
        problems: tuple[str, ...] = (),
    ) -> None:
        self.policies = policies
        self.exemptions = exemptions
        self.problems = problems
        """Why something that is assigned is not in force, in words."""
        self._by_type: dict[str, tuple[ActivePolicy, ...]] = {}
        self._enforced: dict[str, tuple[ActivePolicy, ...]] = {}

    def concerning(self, resource_type: str) -> tuple[ActivePolicy, ...]:
        """The policies that can say something about resources of a type.

        Not among them is what asks for a field or a type that does not exist here: it would be answered
        wrongly.
        """
        found = self._by_type.get(resource_type)
        if found is None:
            found = tuple(each for each in self.policies if _concerns(each, resource_type))
            self._by_type[resource_type] = found
        return found

    def enforced(self, resource_type: str) -> tuple[ActivePolicy, ...]:
        """Those of them that can act on a change."""
        found = self._enforced.get(resource_type)
        if found is None:
            found = tuple(each for each in self.concerning(resource_type) if each.is_enforced)
            self._enforced[resource_type] = found
        return found

    def versions(self) -> dict[tuple[str, str], str]:
        """What is in force, to see what changed since."""
        return {each.key: each.version for each in self.policies}


def _concerns(active: ActivePolicy, resource_type: str) -> bool:
    definition = active.policy.definition
    if not may_concern(definition, resource_type) or (definition.is_indexed and resource_type in CONTAINERS):
        return False
    if active.related_type and not has_type(active.related_type):
        return False
    return not unknown_aliases(definition, resource_type, own_catalog())


class Loader:
    """Builds what is in force from the stored resources, and keeps what it compiled."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.language: Final = Language(own_catalog())
        self._policies: dict[str, tuple[str, Policy]] = {}
        self._initiatives: dict[str, tuple[str, Initiative]] = {}

    def load(self) -> Active:
        """What is in force now."""
        problems: list[str] = []
        policies: list[ActivePolicy] = []
        for stored in everything(self._reader, ASSIGNMENT):
            try:
                policies += self._assigned(stored.id, stored.body, stored.etag, problems.append)
            except DefinitionError as error:
                problems.append(f"The assignment “{stored.id}” is not in force: {error}.")
        return Active(tuple(policies), tuple(self._exemptions(problems.append)), tuple(problems))

    def _assigned(
        self, name: str, body: JsonObject, etag: str, problem: Callable[[str], None]
    ) -> Iterator[ActivePolicy]:
        assignment = parse_assignment(wrapped(ASSIGNMENT, name, body))
        found = find_policy(self._reader, assignment.definition_id, assignment.version)
        if found is None:
            raise DefinitionError(f"there is no definition {assignment.definition_id}")
        initiative = self._initiative(found) if found.kind == INITIATIVE else None
        version = f"{etag} {found.version}"
        missing: list[str] = []
        for binding in bindings_of(assignment, initiative):
            part = find_policy(self._reader, binding.definition_id, binding.version)
            if part is None or (initiative is not None and part.kind == INITIATIVE):
                missing.append(name_in(binding.definition_id))
                continue
            if part.misfit:
                problem(f"“{name}” asks for “{part.name}” {part.misfit}; another version is used.")
            try:
                yield self._active(binding, part, found.name if initiative else "", version)
            except DefinitionError as error:
                problem(f"“{part.name}”, which “{name}” asks for, cannot be used: {error}.")
        if missing:
            shown = ", ".join(missing[:_SHOWN])
            problem(f"“{name}” asks for {len(missing)} definitions that are not there: {shown}.")

    def _active(self, binding: Binding, found: Found, initiative: str, version: str) -> ActivePolicy:
        policy = self._policy(found)
        return ActivePolicy(
            binding,
            policy,
            found.name,
            initiative,
            policy.effect_of(binding.parameters),
            f"{version} {found.version}",
        )

    def _policy(self, found: Found) -> Policy:
        key = found.key or found.name
        known = self._policies.get(key)
        if known is None or known[0] != found.version:
            known = found.version, self.language.compile(parse_definition(found.document))
            self._policies[key] = known
        return known[1]

    def _initiative(self, found: Found) -> Initiative:
        key = found.key or found.name
        known = self._initiatives.get(key)
        if known is None or known[0] != found.version:
            known = found.version, parse_initiative(found.document)
            self._initiatives[key] = known
        return known[1]

    def _exemptions(self, problem: Callable[[str], None]) -> Iterator[Exemption]:
        for stored in everything(self._reader, EXEMPTION):
            try:
                exemption = parse_exemption(wrapped(EXEMPTION, stored.id, stored.body))
            except DefinitionError as error:
                problem(f"The exemption “{stored.id}” is not honoured: {error}.")
                continue
            assignment = full_id(ASSIGNMENT, name_in(exemption.assignment_id))
            yield replace(exemption, assignment_id=assignment)


def context_of(active: ActivePolicy, organization: OrganizationPath, now: float) -> Mapping[str, object]:
    """What the context functions give when a policy judges something of an organization."""
    return {
        "requestContext": {"apiVersion": API_VERSION},
        "resourceGroup": {"name": organization_name(organization)},
        "utcNow": isoformat(now),
        "policy": {
            "assignmentId": active.assignment.id,
            "definitionId": active.binding.definition_id,
            "setDefinitionId": full_id(INITIATIVE, active.initiative) if active.initiative else "",
            "definitionReferenceId": active.binding.reference_id,
        },
    }
