"""Why a policy came to its result: the conditions that were looked at, with the values that they saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from holdfast.policy.language.values import UNDEFINED

_SHOWN_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Reason:
    """One node of the tree. What was not looked at, because the result was clear before, is not in it."""

    kind: str
    """`allOf`, `anyOf`, `not`, `field`, `value`, `count`, `member` or `missing`."""
    result: bool
    expression: str = ""
    """What the left side says: a field's name, an expression, the array of a count."""
    operator: str = ""
    actual: object = UNDEFINED
    expected: object = UNDEFINED
    pointer: str = ""
    """Where in the definition the condition stands."""
    children: tuple["Reason", ...] = ()

    def to_json(self) -> Mapping[str, object]:
        """The tree for scripts; what does not apply to a node is left out."""
        document: dict[str, object] = {"kind": self.kind, "result": self.result}
        texts = {"expression": self.expression, "operator": self.operator, "path": self.pointer}
        document |= {key: text for key, text in texts.items() if text}
        if self.operator:
            document["expressionValue"] = shown(self.actual)
            document["targetValue"] = shown(self.expected)
        if self.children:
            document["children"] = [child.to_json() for child in self.children]
        return document


def shown(value: object) -> object:
    """A value for people and scripts: what is missing is null, long text is cut."""
    if value is UNDEFINED:
        return None
    if isinstance(value, str) and len(value) > _SHOWN_TEXT:
        return value[:_SHOWN_TEXT] + "…"
    if isinstance(value, list):
        return [shown(each) for each in value[:50]]
    if isinstance(value, dict):
        return {str(key): shown(each) for key, each in list(value.items())[:50]}
    return value
