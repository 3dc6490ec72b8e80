"""A compiled policy: what it says about one resource, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.aliases.model import Alias
from holdfast.policy.language.aliases.normalize import fold_keys, normalize, resource_type_of
from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.evaluation.conditions import Check, compile_constraint
from holdfast.policy.language.evaluation.effects import Operation, compile_effect, detail_text
from holdfast.policy.language.evaluation.fields import FieldNames, PlainNames, Setting
from holdfast.policy.language.evaluation.reasons import Reason
from holdfast.policy.language.evaluation.scope import Budget, Scope
from holdfast.policy.language.limits import CHANGE_SECONDS, CONDITION_DEPTH, EXPLAINED_MEMBERS
from holdfast.policy.language.rules.model import Definition, Effect, effect_named
from holdfast.policy.language.values import UNDEFINED, fold

Related = Callable[[Mapping[str, object]], Sequence[object]]
"""Finds related resources by what the details say of them (`type`, `name`, `existenceScope`, …): resources,
or `Document`s where they are asked for often."""

_SLOTS: Final = CONDITION_DEPTH + 1


class Compliance(StrEnum):
    """What a policy says of a resource; names as published."""

    COMPLIANT = "Compliant"
    NON_COMPLIANT = "NonCompliant"
    ERROR = "Error"
    PROTECTED = "Protected"
    UNKNOWN = "Unknown"
    NOT_APPLICABLE = "NotApplicable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one evaluation."""

    compliance: Compliance
    effect: Effect | None = None
    """The effect in force; None when its name is none that is known or cannot be computed."""
    effect_name: str = ""
    """The effect as written."""
    triggered: bool = False
    """Whether the effect is to be carried out: `if` holds, and what should exist does not."""
    details: object = UNDEFINED
    """Roles, operations or the related type, computed; UNDEFINED when there are none."""
    operations: tuple[Operation, ...] = ()
    """What `modify` and `append` change."""
    is_strict: bool = True
    """Whether it refuses the request when another policy changes the same (`conflictEffect` deny)."""
    reason: Reason | None = None
    """Only when it was asked for."""
    faults: tuple[str, ...] = ()
    """Calls that could not work with their arguments: an error where the change is still to be made."""
    error: str = ""


class Document:
    """A resource prepared for many evaluations: normalized once."""

    __slots__ = ("api_version", "flat", "resource")

    def __init__(self, resource: object, flat: object, api_version: str | None = None) -> None:
        self.resource = resource
        """As it was given."""
        self.flat: dict[str, object] = flat if isinstance(flat, dict) else {}
        self.api_version = api_version
        if api_version:
            self.flat.setdefault("apiversion", api_version)
        if "fullname" not in self.flat and (name := _full_name(self.flat)):
            self.flat["fullname"] = name


def _full_name(flat: Mapping[str, object]) -> str:
    """The names of the parents and of the resource: every second segment of the id after the type."""
    identifier, name = flat.get("id"), flat.get("name")
    if isinstance(identifier, str) and "/providers/" in identifier.lower():
        segments = identifier.strip("/").split("/")
        last = max(index for index, segment in enumerate(segments) if segment.lower() == "providers")
        names = segments[last + 3 :: 2]
        if names:
            return "/".join(names)
    return name if isinstance(name, str) else ""


class Language:
    """How field names are read: by an alias catalog, or as plain paths when there is none."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self.catalog = catalog
        self._names: FieldNames = PlainNames() if catalog is None else catalog

    @property
    def setting(self) -> Setting:
        """Where compiling starts."""
        return Setting(self._names)

    def alias(self, name: str) -> Alias | None:
        """The alias of this name, when a catalog knows it."""
        return None if self.catalog is None else self.catalog.alias(name)

    def document(self, resource: object, api_version: str | None = None, kind: str = "") -> Document:
        """Prepare a resource; `kind` is its type when it does not say so itself."""
        if self.catalog is None:
            return Document(resource, fold_keys(resource), api_version)
        aliases = self.catalog.of(resource_type_of(resource) or kind)
        flat = normalize(resource, aliases, api_version, guess=aliases is None)
        return Document(resource, flat, api_version)

    def compile(self, definition: Definition) -> "Policy":
        """Compile a definition.

        Raises DefinitionError when it calls what policies cannot or its details do not fit.
        """
        return Policy(definition, self)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything but the resource that an evaluation depends on."""

    parameters: Mapping[str, object] = field(default_factory=dict)
    """What the assignment gives, by name in any letter case."""
    context: Mapping[str, object] = field(default_factory=dict)
    related: Related = lambda request: ()
    effect: Effect | None = None
    """An effect that an override of the assignment puts in place of the definition's."""
    explain: bool = False
    monotonic: Callable[[], float] | None = None
    """A clock, when the evaluation is bounded in time as well as in steps."""
    seconds: float = CHANGE_SECONDS

    def budget(self) -> Budget:
        """What an evaluation that begins now may spend."""
        return Budget(self.monotonic, self.seconds)


class Policy:
    """One definition, compiled; evaluates any number of resources."""

    def __init__(self, definition: Definition, language: Language) -> None:
        self.definition = definition
        self._language = language
        rule = definition.rule
        setting = language.setting
        self._condition = compile_constraint(rule.condition, setting)
        self._existence = None if rule.existence is None else compile_constraint(rule.existence, setting)
        self._effect = compile_effect(rule, setting, language.alias)
        self._defaults = {
            name: parameter.default
            for name, parameter in definition.parameters.items()
            if parameter.default is not UNDEFINED
        }

    def parameters(self, given: Mapping[str, object]) -> dict[str, object]:
        """The values of the parameters by name in lower case: those given, and defaults for the others."""
        return {**self._defaults, **{name.lower(): value for name, value in given.items()}}

    def evaluate(self, document: Document, circumstances: Circumstances | None = None) -> Outcome:
        """Judge one resource. Never raises for what the definition or the resource holds."""
        about = circumstances or Circumstances()
        scope = Scope(
            document.flat,
            self.parameters(about.parameters),
            about.context,
            _SLOTS,
            about.budget(),
        )
        effect, shown = None, ""
        try:
            name = about.effect or self._effect.name(scope)
            effect, shown = effect_named(name), str(name) if isinstance(name, str) else ""
            return self._judge(scope, about, effect, shown)
        except TemplateError as error:
            return Outcome(Compliance.ERROR, effect, shown, error=str(error), faults=tuple(scope.faults))

    def effect_of(self, parameters: Mapping[str, object]) -> Effect | None:
        """The effect with these parameters; None when it depends on the resource or is none that is known."""
        try:
            return effect_named(self._effect.name(Scope({}, self.parameters(parameters), {}, 1, Budget())))
        except TemplateError:
            return None

    def _judge(self, scope: Scope, about: Circumstances, effect: Effect | None, shown: str) -> Outcome:
        if effect is Effect.DISABLED:
            return Outcome(Compliance.NOT_APPLICABLE, effect, shown)
        holds = self._condition.holds(scope)
        reason = _explained(self._condition, scope, about, holds)
        if not holds:
            state = self._state_of_others(scope, effect)
            return Outcome(state, effect, shown, reason=reason, faults=tuple(scope.faults))
        if effect is Effect.MANUAL:
            return Outcome(
                self._attested_default(),
                effect,
                shown,
                triggered=True,
                reason=reason,
                faults=tuple(scope.faults),
            )
        if self._concerns_related(effect):
            return self._judge_related(scope, about, effect, shown, reason)
        return self._triggered(scope, effect, shown, reason)

    def _state_of_others(self, scope: Scope, effect: Effect | None) -> Compliance:
        """The state of a resource for which `if` does not hold: compliant when the policy is about its
        type."""
        if self._concerns_related(effect) or effect is Effect.MANUAL:
            return Compliance.NOT_APPLICABLE
        applies = self._condition.applies(scope) is not False
        return Compliance.COMPLIANT if applies else Compliance.NOT_APPLICABLE

    def _concerns_related(self, effect: Effect | None) -> bool:
        return effect is not None and effect.needs_related

    def _attested_default(self) -> Compliance:
        wanted = detail_text(self.definition.rule.details, "defaultState").lower()
        return {
            "compliant": Compliance.COMPLIANT,
            "noncompliant": Compliance.NON_COMPLIANT,
        }.get(wanted, Compliance.UNKNOWN)

    def _judge_related(
        self, scope: Scope, about: Circumstances, effect: Effect | None, name: str, reason: Reason | None
    ) -> Outcome:
        request = self._effect.lookup(scope)
        kind = request.get("type")
        resources = about.related(request)
        scope.budget = about.budget()  # how long reading them took says nothing about the policy
        documents = [
            resource
            if isinstance(resource, Document)
            else self._language.document(resource, kind=kind if isinstance(kind, str) else "")
            for resource in resources
            if resource is not None
        ]
        found, reasons = self._some_satisfies(scope, about, documents)
        if reason is not None:
            missing = Reason("missing", not found, str(kind), children=reasons)
            reason = Reason("allOf", not found, children=(reason, missing))
        if found:
            return Outcome(Compliance.COMPLIANT, effect, name, reason=reason, faults=tuple(scope.faults))
        return self._triggered(scope, effect, name, reason)

    def _some_satisfies(
        self, scope: Scope, about: Circumstances, documents: list[Document]
    ) -> tuple[bool, tuple[Reason, ...]]:
        """Whether one of the related resources fulfils the existence condition, and why the others do not."""
        check = self._existence
        if check is None:
            return bool(documents), ()
        reasons: list[Reason] = []
        try:
            for document in documents:
                scope.budget.renew()
                scope.subject = document.flat
                holds = check.holds(scope)
                if holds or len(reasons) < EXPLAINED_MEMBERS:
                    reason = _explained(check, scope, about, holds)
                    reasons += [reason] if reason is not None else []
                if holds:
                    return True, tuple(reasons)
        finally:
            scope.subject = scope.resource
        return False, tuple(reasons)

    def _triggered(self, scope: Scope, effect: Effect | None, name: str, reason: Reason | None) -> Outcome:
        protected = effect is Effect.DENY_ACTION
        changes = effect is not None and effect.changes
        return Outcome(
            Compliance.PROTECTED if protected else Compliance.NON_COMPLIANT,
            effect,
            name,
            triggered=True,
            details=self._effect.details(scope),
            operations=self._effect.operations(scope) if changes else (),
            is_strict=not changes or fold(str(self._effect.conflict(scope))) == "deny",
            reason=reason,
            faults=tuple(scope.faults),
        )


def _explained(check: Check, scope: Scope, about: Circumstances, result: bool) -> Reason | None:
    """The reason for a result when it is asked for; bounded apart, so that asking changes no result."""
    if not about.explain:
        return None
    budget = scope.budget
    scope.budget = about.budget()
    try:
        return check.explain(scope)
    except TemplateError:
        return Reason("too large to explain", result)
    finally:
        scope.budget = budget
