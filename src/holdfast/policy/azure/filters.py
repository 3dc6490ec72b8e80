"""Which states a request asks for: by the scope in its address, by parameters of ours, by `$filter`."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.reading import Filter
from holdfast.policy.kinds.names import ASSIGNMENT, COLLECTIONS, DEFINITION, INITIATIVE, PROVIDER, name_in
from holdfast.resources.query import All, Compare, Condition, In, Not, Operator, Scalar

FIELDS: Final[Mapping[str, str]] = {
    "policyAssignmentId": "assignment",
    "policyAssignmentName": "assignment",
    "policyDefinitionReferenceId": "reference",
    "policyDefinitionId": "definition",
    "policyDefinitionName": "definition",
    "policySetDefinitionId": "initiative",
    "policySetDefinitionName": "initiative",
    "policyDefinitionAction": "effect",
    "resourceId": "resource",
    "resourceType": "type",
    "complianceState": "state",
    "isCompliant": "state",
    "timestamp": "evaluated",
}
"""Fields of a record, and what they are in `compliance.reading.STATE_COLUMNS`."""
_PARAMETERS: Final = frozenset(FIELDS) - {"isCompliant", "timestamp", "policyDefinitionAction"}
_NAMED: Final = {"assignment": ASSIGNMENT, "definition": DEFINITION, "initiative": INITIATIVE}
_AGAINST: Final = tuple(state.value for state in State if state.is_against)
_INTERVAL: Final = {"$from": Operator.GREATER_OR_EQUAL, "$to": Operator.LESS_OR_EQUAL}
_APPLICATION: Final = re.compile(
    r"/subscriptions/[^/]+(?:/resourceGroups/[^/]+)?|/providers/Microsoft\.Management/managementGroups/[^/]+",
    re.IGNORECASE,
)
_POLICY: Final = re.compile(rf"(.*){re.escape(PROVIDER)}/([^/]+)/([^/]+)", re.IGNORECASE)

ReadCondition = Callable[[str], Condition]
"""Reads the text of a `$filter`."""


def published(name: str, option: str) -> str:
    """A field of a record by its name in any letter case. InvalidError, about `option`, when there is
    none."""
    known = next((field for field in FIELDS if field.lower() == name.lower()), None)
    if known is None:
        raise InvalidError(f"States have no field {name[:60]}; they have {', '.join(FIELDS)}.", option)
    return known


class StateFields:
    """What names and values mean in a `$filter` over states."""

    def compare(self, name: str, operator: Operator, value: Scalar) -> Condition:
        """The condition that a field stands so to `value`. InvalidError when that means nothing."""
        field = published(name, "$filter")
        path = FIELDS[field]
        if field == "isCompliant":
            return _is_compliant(operator, value)
        if path == "evaluated":
            return Compare(path, operator, moment(str(value), "$filter"))
        text = "" if value is None else str(value)
        if path == "state" and operator in (Operator.EQUAL, Operator.NOT_EQUAL):
            text = _state(text).value
        return Compare(path, operator, name_in(text) if path in _NAMED else text)


def _is_compliant(operator: Operator, value: Scalar) -> Condition:
    if not isinstance(value, bool) or operator not in (Operator.EQUAL, Operator.NOT_EQUAL):
        raise InvalidError("isCompliant is compared by eq or ne with true or false.", "$filter")
    against = In("state", _AGAINST)
    return Not(against) if value is (operator is Operator.EQUAL) else against


def moment(text: str, field: str) -> float:
    """Unix seconds of an ISO 8601 time. InvalidError."""
    try:
        return parse_isoformat(text)
    except ValueError:
        raise InvalidError(f"{field} takes a time such as 2027-01-31T00:00:00Z.", field) from None


def filter_from(given: Mapping[str, str], reach: Filter, read: ReadCondition, scope: str = "") -> Filter:
    """`reach` narrowed by the scope in an address and its parameters; unknown ones are left to others.

    Raises InvalidError for a compliance state that there is not, and for what would have to be left out.
    """
    names = {field.lower(): FIELDS[field] for field in _PARAMETERS}
    texts = dict(_scoped(scope))
    texts |= {names[name.lower()]: value for name, value in given.items() if name.lower() in names}
    texts |= {name: name_in(texts[name]) for name in _NAMED.keys() & texts.keys()}
    state = texts.pop("state", "")
    where = tuple(_conditions(given, read))
    return Filter(
        reach.reach, **texts, state=_state(state) if state else None, where=All(where) if where else None
    )


def _conditions(given: Mapping[str, str], read: ReadCondition) -> Iterator[Condition]:
    if text := given.get("$filter", "").strip():
        yield read(text)
    for name, operator in _INTERVAL.items():
        if text := given.get(name, ""):
            yield Compare("evaluated", operator, moment(text, name))


def _state(text: str) -> State:
    known = {state.lower(): state for state in State}
    if text.lower() not in known:
        raise InvalidError(f"complianceState is one of {', '.join(State)}.", "complianceState")
    return known[text.lower()]


def _scoped(scope: str) -> Iterator[tuple[str, str]]:
    """What the scope in an address narrows to: a policy resource, an organization, a resource."""
    place = _APPLICATION.sub("", f"/{scope.strip('/')}", 1)
    policy = _POLICY.fullmatch(place)
    if policy is not None:
        place, collection, name = policy.groups()
        fields = {COLLECTIONS[kind].lower(): field for field, kind in _NAMED.items()}
        if collection.lower() not in fields:
            raise InvalidError(f"There are no states of {collection}.", "scope")
        yield fields[collection.lower()], name
    if place.strip("/"):
        yield "resource", place
