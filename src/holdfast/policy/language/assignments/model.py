"""Initiatives, assignments and exemptions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.policy.language.rules.model import Effect, Parameter


@dataclass(frozen=True, slots=True)
class Group:
    """A group of policies in an initiative: most often the control of a benchmark."""

    name: str
    display_name: str = ""
    category: str = ""
    description: str = ""
    metadata_id: str = ""


@dataclass(frozen=True, slots=True)
class PolicyReference:
    """One policy of an initiative."""

    definition_id: str
    reference_id: str
    """Unique in the initiative; exemptions and overrides name it."""
    version: str = ""
    """A version or a range; empty for the newest."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Values, or expressions over the initiative's parameters."""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Initiative:
    """A policy set definition."""

    policies: tuple[PolicyReference, ...]
    name: str = ""
    id: str = ""
    display_name: str = ""
    description: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    version: str = ""

    def group_of(self, name: str) -> Group | None:
        """The group with this name."""
        return next((group for group in self.groups if group.name == name), None)


class SelectorKind(StrEnum):
    """What a selector looks at."""

    LOCATION = "resourceLocation"
    TYPE = "resourceType"
    WITHOUT_LOCATION = "resourceWithoutLocation"
    POLICY = "policyDefinitionReferenceId"
    GROUP = "groupPrincipalId"
    USER = "userPrincipalId"


@dataclass(frozen=True, slots=True)
class Selector:
    """One test of a resource, or of a policy in an override; without case."""

    kind: SelectorKind
    values: frozenset[str]
    """In lower case."""
    excludes: bool = False
    """Whether `notIn` was written."""

    def accepts(self, value: str) -> bool:
        """Whether a value passes."""
        return (value.lower() in self.values) is not self.excludes


@dataclass(frozen=True, slots=True)
class ResourceSelector:
    """Selectors that must all accept a resource."""

    name: str
    selectors: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """An effect or a version in place of the definition's, for some policies or some resources."""

    kind: str
    """`policyEffect` or `definitionVersion`."""
    value: str
    selectors: tuple[Selector, ...] = ()

    @property
    def effect(self) -> Effect | None:
        """The effect, when this overrides one."""
        return Effect(self.value) if self.kind == "policyEffect" else None


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads who is refused or found wanting."""

    text: str
    reference_id: str = ""
    """The policy of the initiative that it is for; empty for all."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A definition or initiative put in force for a scope."""

    definition_id: str
    scope: str
    """The resource id below which it holds, or an organization path."""
    name: str = ""
    id: str = ""
    display_name: str = ""
    version: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    not_scopes: tuple[str, ...] = ()
    enforced: bool = True
    """Whether effects are carried out (`enforcementMode` Default); compliance is judged in any case."""
    messages: tuple[Message, ...] = ()
    resource_selectors: tuple[ResourceSelector, ...] = ()
    overrides: tuple[Override, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)

    def message_for(self, reference_id: str = "") -> str:
        """The message for a policy: its own, else the one for all, else empty."""
        own = [each.text for each in self.messages if each.reference_id.lower() == reference_id.lower()]
        common = [each.text for each in self.messages if not each.reference_id]
        return next(iter(own + common), "")


class ExemptionCategory(StrEnum):
    """Why a resource is exempt."""

    WAIVER = "Waiver"
    MITIGATED = "Mitigated"


@dataclass(frozen=True, slots=True)
class Exemption:
    """A scope that an assignment does not judge for a while."""

    assignment_id: str
    scope: str
    category: ExemptionCategory
    name: str = ""
    id: str = ""
    display_name: str = ""
    description: str = ""
    reference_ids: frozenset[str] = frozenset()
    """Policies of the initiative, in lower case; empty for all."""
    expires: float | None = None
    """Unix seconds from which it is no longer honoured; None for never."""
    resource_selectors: tuple[ResourceSelector, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)

    def honoured(self, now: float) -> bool:
        """Whether it has not expired."""
        return self.expires is None or now < self.expires

    def covers(self, assignment_id: str, reference_id: str) -> bool:
        """Whether it is about this policy of this assignment."""
        if assignment_id.lower() != self.assignment_id.lower():
            return False
        return not self.reference_ids or reference_id.lower() in self.reference_ids
