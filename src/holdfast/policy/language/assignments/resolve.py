"""From an assignment to what it judges: its policies with their parameters and effects, its resources."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from holdfast.policy.language.aliases.normalize import resource_type_of
from holdfast.policy.language.assignments.model import (
    Assignment,
    Exemption,
    Initiative,
    Override,
    PolicyReference,
    ResourceSelector,
    Selector,
    SelectorKind,
)
from holdfast.policy.language.documents import Node
from holdfast.policy.language.errors import DefinitionError, TemplateError
from holdfast.policy.language.evaluation.expressions import compile_template
from holdfast.policy.language.evaluation.fields import PlainNames, Setting
from holdfast.policy.language.evaluation.scope import Budget, Scope
from holdfast.policy.language.expressions.templates import Computed, parse_template
from holdfast.policy.language.rules.model import Effect
from holdfast.policy.language.rules.walk import calls, computed, literal_argument
from holdfast.policy.language.values import UNDEFINED

_LOCATION_KINDS = frozenset({SelectorKind.LOCATION, SelectorKind.WITHOUT_LOCATION})

WithinScope = Callable[[str, str], bool]
"""Whether a scope (first) holds a resource's scope (second)."""


def within_id(scope: str, resource: str) -> bool:
    """Whether a resource id is `scope` or lies below it, without case; `/` and the empty scope hold all."""
    folded = scope.rstrip("/").lower()
    below = resource.lower()
    return below == folded or below.startswith(f"{folded}/")


@dataclass(frozen=True, slots=True)
class Binding:
    """One policy as an assignment puts it in force."""

    assignment: Assignment
    definition_id: str
    version: str
    """The version or range that is wanted; empty for the newest."""
    reference_id: str
    """In the initiative; empty when the definition is assigned by itself."""
    parameters: Mapping[str, object]
    groups: tuple[str, ...] = ()

    def override_for(self, kind: str, resource: Mapping[str, object]) -> Override | None:
        """The first override of a kind whose selectors accept this policy and the resource."""
        return next(
            (
                each
                for each in self.assignment.overrides
                if each.kind == kind and self._accepted(each, resource)
            ),
            None,
        )

    def effect_for(self, resource: Mapping[str, object]) -> Effect | None:
        """The effect that takes the place of the definition's for a resource, or None."""
        override = self.override_for("policyEffect", resource)
        return None if override is None else override.effect

    def _accepted(self, override: Override, resource: Mapping[str, object]) -> bool:
        return all(
            selector.accepts(self.reference_id)
            if selector.kind is SelectorKind.POLICY
            else accepts(selector, resource)
            for selector in override.selectors
        )


def accepts(selector: Selector, resource: Mapping[str, object]) -> bool:
    """Whether a selector accepts a resource by its type or location; principals are not looked at here."""
    if selector.kind is SelectorKind.TYPE:
        return selector.accepts(resource_type_of(resource))
    if selector.kind in _LOCATION_KINDS:
        location = resource.get("location")
        if not isinstance(location, str) or not location:
            return selector.kind is SelectorKind.WITHOUT_LOCATION
        return selector.kind is SelectorKind.LOCATION and selector.accepts(location.replace(" ", ""))
    return True


def selected(selectors: tuple[ResourceSelector, ...], resource: Mapping[str, object]) -> bool:
    """Whether some resource selector accepts a resource; without selectors every one is."""
    return not selectors or any(
        all(accepts(each, resource) for each in selector.selectors) for selector in selectors
    )


def judges(
    assignment: Assignment, scope: str, resource: Mapping[str, object], within: WithinScope = within_id
) -> bool:
    """Whether an assignment is about a resource: inside its scope, not excluded, selected."""
    if not within(assignment.scope, scope):
        return False
    if any(within(excluded, scope) for excluded in assignment.not_scopes):
        return False
    return selected(assignment.resource_selectors, resource)


def exempting(
    exemptions: tuple[Exemption, ...],
    binding: Binding,
    scope: str,
    resource: Mapping[str, object],
    now: float,
    within: WithinScope = within_id,
) -> Exemption | None:
    """The exemption that is honoured for a resource and a policy now, or None."""
    return next(
        (
            each
            for each in exemptions
            if each.covers(binding.assignment.id, binding.reference_id)
            and each.honoured(now)
            and within(each.scope, scope)
            and selected(each.resource_selectors, resource)
        ),
        None,
    )


def bindings_of(assignment: Assignment, initiative: Initiative | None) -> Iterator[Binding]:
    """The policies that an assignment puts in force; without `initiative` it assigns one definition.

    Raises DefinitionError when a parameter of the initiative cannot be computed.
    """
    if initiative is None:
        yield Binding(assignment, assignment.definition_id, assignment.version, "", assignment.parameters)
        return
    values = initiative_parameters(initiative, assignment.parameters)
    for reference in initiative.policies:
        yield Binding(
            assignment,
            reference.definition_id,
            _version(assignment, reference),
            reference.reference_id,
            {name: _computed(name, value, values) for name, value in reference.parameters.items()},
            reference.groups,
        )


def _version(assignment: Assignment, reference: PolicyReference) -> str:
    """The version of a policy: an override of the assignment goes before what the initiative says."""
    for override in assignment.overrides:
        named = [each for each in override.selectors if each.kind is SelectorKind.POLICY]
        if override.kind == "definitionVersion" and all(
            each.accepts(reference.reference_id) for each in named
        ):
            return override.value
    return reference.version


def initiative_parameters(initiative: Initiative, given: Mapping[str, object]) -> dict[str, object]:
    """The values of an initiative's parameters by name in lower case: those given, and defaults."""
    defaults = {
        name: parameter.default
        for name, parameter in initiative.parameters.items()
        if parameter.default is not UNDEFINED
    }
    return {**defaults, **{name.lower(): value for name, value in given.items()}}


def check_passed_on(initiative: Initiative) -> None:
    """Check what an initiative passes on to its policies, without values yet.

    Raises DefinitionError for an expression that cannot work or asks for a parameter that is not declared.
    """
    for index, reference in enumerate(initiative.policies):
        for name, value in reference.parameters.items():
            node = Node(value, f"/policyDefinitions/{index}/parameters/{name}")
            template = parse_template(node)
            compile_template(template, Setting(PlainNames()))
            for each in computed(template):
                _check_declared(each, initiative)


def _check_declared(template: Computed, initiative: Initiative) -> None:
    for call in calls(template.expression):
        asked = literal_argument(call) if call.name.lower() == "parameters" else None
        if asked is not None and asked.lower() not in initiative.parameters:
            reason = f"The initiative does not declare the parameter '{asked}'"
            raise DefinitionError(reason, template.pointer)


def _computed(name: str, value: object, parameters: Mapping[str, object]) -> object:
    """A value that an initiative passes on: most often `[parameters('…')]` of its own."""
    node = Node(value, f"/parameters/{name}")
    read = compile_template(parse_template(node), Setting(PlainNames())).read
    try:
        found = read(Scope({}, parameters, {}, 1, Budget()))
    except TemplateError as error:
        raise DefinitionError(f"The value of '{name}' cannot be computed: {error}", node.pointer) from None
    if found is UNDEFINED:
        raise DefinitionError(f"The initiative gives no value for '{name}'", node.pointer)
    return found
