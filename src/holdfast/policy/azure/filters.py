"""Which states a request asks for: by the scope in its address, by parameters of ours, by `$filter`."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from holdfast.kernel.errors import InvalidError
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.reading import Filter
from holdfast.policy.kinds.names import ASSIGNMENT, COLLECTIONS, DEFINITION, INITIATIVE, PROVIDER, name_in

FIELDS: Final[Mapping[str, str]] = {
    "policyassignmentid": "assignment",
    "policyassignmentname": "assignment",
    "policydefinitionreferenceid": "reference",
    "policydefinitionid": "definition",
    "policydefinitionname": "definition",
    "policysetdefinitionid": "initiative",
    "policysetdefinitionname": "initiative",
    "resourceid": "resource",
    "resourcetype": "type",
    "compliancestate": "state",
}
"""Parameters and fields of a `$filter`, in lower case, and what they are in `compliance.reading.Filter`."""
_NAMED: Final = {"assignment": ASSIGNMENT, "definition": DEFINITION, "initiative": INITIATIVE}
_REFUSED: Final = frozenset({"$apply", "$from", "$orderby", "$to"})
_SUBSCRIPTION: Final = re.compile(r"/subscriptions/[^/]+(?:/resourceGroups/[^/]+)?", re.IGNORECASE)
_POLICY: Final = re.compile(rf"(.*){re.escape(PROVIDER)}/([^/]+)/([^/]+)", re.IGNORECASE)
_EQUALS: Final = re.compile(r"\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*(?:\band\b|$)", re.IGNORECASE)


def filter_from(given: Mapping[str, str], reach: Filter, scope: str = "") -> Filter:
    """`reach` narrowed by the scope in an address and its parameters; unknown ones are left to others.

    Raises InvalidError for a compliance state that there is not, and for what would have to be left out.
    """
    if refused := sorted(_REFUSED & {name.lower() for name in given}):
        raise InvalidError(f"{refused[0]} is not known here: ask for all states and choose.", refused[0])
    asked = (*given.items(), *_conditions(given.get("$filter", "")))
    texts = {FIELDS[name.lower()]: value for name, value in asked if name.lower() in FIELDS}
    texts = {**dict(_scoped(scope)), **texts}
    texts |= {name: name_in(texts[name]) for name in _NAMED.keys() & texts.keys()}
    state = _state(texts.pop("state", ""))
    return Filter(reach.reach, **texts, state=state)


def _state(text: str) -> State | None:
    known = {state.lower(): state for state in State}
    if text and text.lower() not in known:
        raise InvalidError(f"complianceState is one of {', '.join(State)}.", "complianceState")
    return known[text.lower()] if text else None


def _scoped(scope: str) -> Iterator[tuple[str, str]]:
    """What the scope in an address narrows to: a policy resource, an organization, a resource."""
    place = _SUBSCRIPTION.sub("", f"/{scope.strip('/')}", 1)
    policy = _POLICY.fullmatch(place)
    if policy is not None:
        place, collection, name = policy.groups()
        fields = {COLLECTIONS[kind].lower(): field for field, kind in _NAMED.items()}
        if collection.lower() not in fields:
            raise InvalidError(f"There are no states of {collection}.", "scope")
        yield fields[collection.lower()], name
    if place.strip("/"):
        yield "resource", place


def _conditions(text: str) -> Iterator[tuple[str, str]]:
    """The conditions of a `$filter`: `field eq 'value'`, joined by `and`."""
    place = 0
    while place < len(text):
        found = _EQUALS.match(text, place)
        if found is None or found[1].lower() not in FIELDS:
            message = (
                "$filter takes conditions such as complianceState eq 'NonCompliant', joined by and, over "
                "policyAssignmentName, policyDefinitionName, resourceId, resourceType and complianceState."
            )
            raise InvalidError(message, "$filter")
        yield found[1], found[2].replace("''", "'")
        place = found.end()
