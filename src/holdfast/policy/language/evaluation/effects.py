"""What `then` does: its details checked when the policy is compiled and computed when its `if` holds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from holdfast.policy.language.aliases.model import Alias
from holdfast.policy.language.aliases.paths import PathSyntaxError
from holdfast.policy.language.documents import Node, optional_text
from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.evaluation.expressions import compile_template
from holdfast.policy.language.evaluation.fields import Read, Setting, access
from holdfast.policy.language.evaluation.scope import Scope
from holdfast.policy.language.expressions.templates import Constant, parse_template, parse_text
from holdfast.policy.language.rules.model import Effect, Rule, effect_named
from holdfast.policy.language.values import UNDEFINED

OPERATIONS: Final[Mapping[str, str]] = {"add": "add", "addorreplace": "addOrReplace", "remove": "remove"}
"""The operations of `modify` by their name in lower case."""
_LOOKUP_KEYS: Final = ("type", "name", "kind", "resourceGroupName", "existenceScope")

FindAlias = Callable[[str], Alias | None]


class Operation(NamedTuple):
    """One step of `modify` or `append`, its values computed."""

    operation: str
    """`add`, `addOrReplace`, `remove`; `append` for the effect of that name."""
    field: str
    value: object
    """UNDEFINED for `remove`."""
    condition: object = True
    """False when the step is not to be taken."""


class CompiledEffect(NamedTuple):
    """`then`, compiled."""

    name: Read
    """The effect's name as the definition or the parameter writes it."""
    details: Read
    """The details as Azure reports them: roles, operations, the related type; UNDEFINED when there are
    none."""
    operations: Callable[[Scope], tuple[Operation, ...]]
    lookup: Callable[[Scope], Mapping[str, object]]
    """Which related resources *IfNotExists asks for."""
    family: Effect | None
    """What the details are for; None when they have no shape that is known."""
    conflict: Read = lambda scope: "deny"
    """What happens when others change the same: `deny` or `audit`."""


def compile_effect(rule: Rule, setting: Setting, find_alias: FindAlias) -> CompiledEffect:
    """Compile `then`.

    Raises DefinitionError when the details do not fit the effect or a field may not be modified.
    """
    name = compile_template(rule.effect, setting)
    setting = replace(setting, in_details=True)
    family = _family(rule)
    details = rule.details
    if details is None or family is None:
        return CompiledEffect(name.read, _nothing, _no_operations, _no_lookup, family)
    if family is Effect.MODIFY:
        return _modify(name.read, details, setting, find_alias)
    if family is Effect.APPEND:
        return _append(name.read, details, setting)
    return _existence(name.read, details, setting, family)


def _family(rule: Rule) -> Effect | None:
    """What the details are for: the effect that is named, or when a parameter names it the shape they
    have."""
    if isinstance(rule.effect, Constant):
        effect = effect_named(rule.effect.value)
        return effect if effect is not None and (effect.needs_related or effect.changes) else None
    if rule.details is None:
        return None
    if isinstance(rule.details.value, list):
        return Effect.APPEND
    if not isinstance(rule.details.value, dict):
        return None
    keys = set(rule.details.members())
    if "operations" in keys:
        return Effect.MODIFY
    if "type" in keys or rule.existence is not None:
        return Effect.AUDIT_IF_NOT_EXISTS
    return Effect.APPEND if {"field", "value"} <= keys else None


def _nothing(_scope: Scope) -> object:
    return UNDEFINED


def _no_operations(_scope: Scope) -> tuple[Operation, ...]:
    return ()


def _no_lookup(_scope: Scope) -> Mapping[str, object]:
    return {}


class _Step(NamedTuple):
    operation: str
    field: str
    """As written."""
    name: Read
    """The field's name; an expression may give it."""
    value: Read | None
    condition: Read | None
    condition_text: str

    def shown(self, scope: Scope) -> Mapping[str, object]:
        """The step as Azure reports it: the value computed, the condition as written."""
        step: dict[str, object] = {"operation": self.operation, "field": self.field}
        if self.value is not None:
            step["value"] = self.value(scope)
        if self.condition_text:
            step["condition"] = self.condition_text
        return step

    def taken(self, scope: Scope) -> Operation:
        """The step as it is to be carried out."""
        value = UNDEFINED if self.value is None else self.value(scope)
        condition = True if self.condition is None else self.condition(scope)
        name = self.name(scope)
        if not isinstance(name, str) or not name:
            raise TemplateError(f"{self.field} does not name a field")
        return Operation(self.operation, name, value, condition)


def _modify(name: Read, details: Node, setting: Setting, find_alias: FindAlias) -> CompiledEffect:
    members = details.members()
    operations = members.get("operations")
    if operations is None:
        details.fail("'modify' needs 'operations' in its details")
    steps = [_modify_step(each, setting, find_alias) for each in operations.items()]
    if not steps:
        operations.fail("'operations' is empty")
    roles = _role_reader(members, setting)

    def shown(scope: Scope) -> object:
        return {**roles(scope), "operations": [step.shown(scope) for step in steps]}

    taken, conflict = _taking(steps), members.get("conflicteffect")
    effect = CompiledEffect(name, shown, taken, _no_lookup, Effect.MODIFY)
    if conflict is None:
        return effect
    return effect._replace(conflict=compile_template(parse_template(conflict), setting).read)


def _taking(steps: list[_Step]) -> Callable[[Scope], tuple[Operation, ...]]:
    return lambda scope: tuple(step.taken(scope) for step in steps)


def _role_reader(members: Mapping[str, Node], setting: Setting) -> Callable[[Scope], Mapping[str, object]]:
    node = members.get("roledefinitionids")
    if node is None:
        return lambda scope: {}
    read = compile_template(parse_template(node), setting).read
    return lambda scope: {"roleDefinitionIds": read(scope)}


def _modify_step(node: Node, setting: Setting, find_alias: FindAlias) -> _Step:
    members = node.members()
    operation = members.get("operation")
    field = members.get("field")
    if operation is None or field is None:
        node.fail("An operation of 'modify' needs 'operation' and 'field'")
    name = OPERATIONS.get(operation.text().lower())
    if name is None:
        operation.fail(f"'{operation.text()}' is none of {', '.join(OPERATIONS.values())}")
    alias = find_alias(field.text())
    if alias is not None and not alias.modifiable:
        field.fail(f"The alias '{field.text()}' cannot be modified")
    value = members.get("value")
    if value is None and name != "remove":
        node.fail(f"The operation '{name}' needs a 'value'")
    return _step(name, field, value, members.get("condition"), setting)


def _step(operation: str, field: Node, value: Node | None, condition: Node | None, setting: Setting) -> _Step:
    return _Step(
        operation,
        field.text(),
        _field_name(field, setting),
        None if value is None else compile_template(parse_template(value), setting).read,
        None if condition is None else compile_template(parse_template(condition), setting).read,
        str(condition.value) if condition is not None else "",
    )


def _field_name(field: Node, setting: Setting) -> Read:
    name = compile_template(parse_text(field), setting)
    if isinstance(name.constant, str):
        try:
            access(name.constant, setting)
        except PathSyntaxError as error:
            field.fail(str(error))
    return name.read


def _append(name: Read, details: Node, setting: Setting) -> CompiledEffect:
    nodes = list(details.items()) if isinstance(details.value, list) else [details]
    if not nodes:
        details.fail("'append' needs at least one field in its details")
    steps = [_append_step(node, setting) for node in nodes]

    def shown(scope: Scope) -> object:
        return [{"field": step.field, "value": step.value(scope)} for step in steps if step.value]

    return CompiledEffect(name, shown, _taking(steps), _no_lookup, Effect.APPEND)


def _append_step(node: Node, setting: Setting) -> _Step:
    members = node.members()
    if "field" not in members or "value" not in members:
        node.fail("A detail of 'append' needs 'field' and 'value'")
    return _step("append", members["field"], members["value"], None, setting)


def _existence(name: Read, details: Node, setting: Setting, family: Effect) -> CompiledEffect:
    members = details.members()
    if "type" not in members:
        details.fail("An effect over related resources needs their 'type' in its details")
    members["type"].text()
    asked = [
        (key, compile_template(parse_template(members[key.lower()]), setting).read)
        for key in _LOOKUP_KEYS
        if key.lower() in members
    ]
    roles = _role_reader(members, setting)

    def lookup(scope: Scope) -> Mapping[str, object]:
        return {"operation": "lookup_related_resources", **{key: read(scope) for key, read in asked}}

    def shown(scope: Scope) -> object:
        return {**roles(scope), "type": asked[0][1](scope)}

    return CompiledEffect(name, shown, _no_operations, lookup, family)


def detail_text(details: Node | None, key: str) -> str:
    """A text among the details of an effect, empty when there is none."""
    if details is None or not isinstance(details.value, dict):
        return ""
    return optional_text(details.members(), key.lower())
