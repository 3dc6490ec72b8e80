"""A policy rule as a tree: the constraint of `if`, and what `then` says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.policy.language.documents import Node
from holdfast.policy.language.expressions.templates import Computed, Constant, Template


class Effect(StrEnum):
    """What a policy does when its `if` holds; names as published."""

    ADD_TO_NETWORK_GROUP = "addToNetworkGroup"
    APPEND = "append"
    AUDIT = "audit"
    AUDIT_ACTION = "auditAction"
    AUDIT_IF_NOT_EXISTS = "auditIfNotExists"
    DENY = "deny"
    DENY_ACTION = "denyAction"
    DEPLOY_IF_NOT_EXISTS = "deployIfNotExists"
    DISABLED = "disabled"
    ENFORCE_OPA_CONSTRAINT = "enforceOPAConstraint"
    ENFORCE_REGO_POLICY = "enforceRegoPolicy"
    ENFORCE_SETTING = "enforceSetting"
    MANUAL = "manual"
    MODIFY = "modify"
    MUTATE = "mutate"

    @property
    def needs_related(self) -> bool:
        """Whether compliance depends on another resource."""
        return self in (Effect.AUDIT_IF_NOT_EXISTS, Effect.DEPLOY_IF_NOT_EXISTS)

    @property
    def changes(self) -> bool:
        """Whether the effect changes the request."""
        return self in (Effect.APPEND, Effect.MODIFY)


_EFFECTS = {effect.value.lower(): effect for effect in Effect}


def effect_named(name: object) -> Effect | None:
    """The effect with this name in any letter case."""
    return _EFFECTS.get(name.lower()) if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class FieldOperand:
    """`field`: a property of the resource, an alias, a tag, or an expression that gives the name of one."""

    name: Constant | Computed
    pointer: str

    @property
    def text(self) -> str:
        """The name, or the expression as written."""
        return self.name.source if isinstance(self.name, Computed) else str(self.name.value)


@dataclass(frozen=True, slots=True)
class ValueOperand:
    """`value`: a literal or an expression."""

    value: Template


@dataclass(frozen=True, slots=True)
class FieldCount:
    """`count` over the members of an array of the resource."""

    field: FieldOperand
    where: "Constraint | None"


@dataclass(frozen=True, slots=True)
class ValueCount:
    """`count` over the members of an array that is a literal or computed."""

    value: Template
    name: str
    where: "Constraint | None"


Operand = FieldOperand | ValueOperand | FieldCount | ValueCount


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison."""

    left: Operand
    operator: str
    """As published, see `operators.OPERATORS`."""
    right: Template
    pointer: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every child holds; with no child it holds."""

    children: tuple["Constraint", ...]
    pointer: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some child holds; with no child it does not."""

    children: tuple["Constraint", ...]
    pointer: str


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not hold."""

    child: "Constraint"
    pointer: str


Constraint = AllOf | AnyOf | Not | Condition


@dataclass(frozen=True, slots=True)
class Rule:
    """`if` and `then`."""

    condition: Constraint
    effect: Constant | Computed
    details: Node | None
    """The details as written; `evaluation.effects` reads those of each effect."""
    existence: Constraint | None = None
    """`then.details.existenceCondition`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a definition or an initiative."""

    name: str
    kind: str
    """As written: `String`, `Array`, `Object`, `Boolean`, `Integer`, `Float`, `DateTime`."""
    default: object
    """The value when an assignment gives none; UNDEFINED when it must."""
    allowed: tuple[object, ...]
    """The values that may be given; empty when any may."""
    pointer: str
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """A policy definition."""

    rule: Rule
    name: str = ""
    id: str = ""
    display_name: str = ""
    description: str = ""
    mode: str = "All"
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """By name in lower case."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    version: str = ""
    versions: tuple[str, ...] = ()
    rule_pointer: str = ""
    policy_type: str = ""

    @property
    def is_published(self) -> bool:
        """Whether it is one of those that ship with a cloud: taken as they are, mistakes included."""
        return self.policy_type.lower() in ("builtin", "static")

    @property
    def is_indexed(self) -> bool:
        """Whether what holds other resources is left out (`engine.active.CONTAINERS`)."""
        return self.mode.lower() == "indexed"

    @property
    def is_resource_manager(self) -> bool:
        """Whether the mode is one of Resource Manager's, not that of a resource provider's data plane."""
        return self.mode.lower() in ("all", "indexed", "notspecified", "")
