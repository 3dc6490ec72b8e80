"""What every policy says of one resource, why, what was before; and exempting it."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.policies.common import READ, SHOWN, titles_of
from holdfast.console.rendering import page
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.policy.compliance.model import PolicyState, Transition
from holdfast.policy.compliance.reading import Filter, PolicyStates

REMEDIABLE = frozenset({"modify", "append", "deployifnotexists"})
"""Effects that a remediation can carry out, in lower case."""
MAXIMUM_LEAVES = 60
"""Lines of one tree of reasons; the API has the whole."""


class Line(NamedTuple):
    """One condition of a tree of reasons."""

    depth: int
    holds: bool
    text: str


class Said(NamedTuple):
    """What one policy says, with its reasons."""

    state: PolicyState
    lines: list[Line]


def _page(request: ApiRequest) -> Response:
    identity = request.query.get("id", "").rstrip("/")
    reach = request.principal.reach(READ)
    reading = request.services.extension(PolicyStates)
    wanted = Filter(reach, resource=identity)
    found = [each for each in reading.find(wanted, SHOWN) if each.resource == identity] if identity else []
    changes: list[Transition] = [each for _, each in reading.transitions(wanted, 50)] if identity else []
    if not found and not changes:
        raise NotFoundError("No policy says anything about this resource, or you may not see it.")
    found.sort(key=lambda state: (not state.state.is_against, state.assignment, state.reference))
    return page(
        request,
        "policies/resource.html",
        titles=titles_of(request, (each.definition for each in found)),
        id=identity,
        said=[Said(state, reason_lines(state.reason)) for state in found],
        changes=changes,
        remediable=REMEDIABLE,
        may_exempt=bool(request.principal.reach(Permission.EXEMPTION_MANAGE)),
    )


def reason_lines(reason: JsonValue) -> list[Line]:
    """A tree of reasons, line by line from the outside in."""
    lines: list[Line] = []
    if isinstance(reason, dict):
        _walk(reason, 0, lines)
    return lines


def _walk(node: JsonObject, depth: int, lines: list[Line]) -> None:
    if len(lines) >= MAXIMUM_LEAVES:
        return
    lines.append(Line(min(depth, 6), node.get("result") is True, _text(node)))
    children = node.get("children")
    for child in children if isinstance(children, list) else ():
        if isinstance(child, dict):
            _walk(child, depth + 1, lines)


def _text(node: JsonObject) -> str:
    if "operator" not in node:
        return str(node.get("expression") or node["kind"])
    left, found = node.get("expression") or node["kind"], node.get("expressionValue")
    return f"{left} {node['operator']} {node.get('targetValue')!r}, found {found!r}"


ROUTES = [Route("GET", "/policies/resource", READ, _page, "What policies say of a resource", is_page=True)]
