"""Policy: how each assigned policy stands, what does not comply and why, and the definitions."""

from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.policies.common import titles_of
from holdfast.console.rendering import page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.model import Counts, PolicyState
from holdfast.policy.compliance.reading import Filter, PolicyStates
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION
from holdfast.policy.kinds.versions import other_versions

READ = Permission.POLICY_READ
SHOWN = 200


def _address(definition: str) -> str:
    return f"/policies/definitions/{quote(definition, safe='')}"


DEFINITIONS = ResourceTable(
    id="policy-definitions",
    title="Policy definitions",
    kind=DEFINITION,
    permission=READ,
    columns=(
        Column(
            "name",
            "Name",
            lambda d: Cell(d.body.get("displayName") or d.id, link=_address(d.id)),
            "displayName",
        ),
        Column("type", "Type", lambda d: Cell(d.body.get("policyType")), "policyType"),
        Column("modified", "Changed", lambda d: Cell(d.modified, "moment"), "@modified"),
    ),
    search=("displayName",),
    empty="No definitions of your own. `holdfast policy import` takes published ones as they are.",
)


class Standing(NamedTuple):
    """One assigned policy."""

    assignment: str
    reference: str
    counts: Counts


def _page(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return DEFINITIONS.csv(request)
    states = request.services.extension(PolicyStates)
    reach = request.principal.reach(READ)
    by_policy = states.by_policy(Filter(reach))
    standings = [Standing(*key, numbers) for key, numbers in by_policy.items()]
    standings.sort(key=lambda s: (-s.counts.against, s.assignment, s.reference))
    against = _against(states, reach)
    return page(
        request,
        "policies/overview.html",
        overall=states.by_resource(Filter(reach)),
        standings=standings,
        against=against,
        titles=titles_of(request, (each.definition for each in against)),
        assignments=request.services.store.count(ASSIGNMENT, reach),
        table=DEFINITIONS.show(request),
    )


def _against(states: PolicyStates, reach: tuple[OrganizationPath, ...]) -> list[PolicyState]:
    found: list[PolicyState] = []
    for state in (State.NON_COMPLIANT, State.ERROR):
        found += states.find(Filter(reach, state=state), SHOWN)
    return found


def _definition(request: ApiRequest) -> Response:
    definition = visible(request, DEFINITION, request.path["definition"], READ)
    kept = other_versions(request.services.store, DEFINITION, definition.id)
    versions = [str(each.body["version"]) for each in kept]
    return page(request, "policies/definition.html", definition=definition, versions=versions)


ROUTES = [
    Route("GET", "/policies", READ, _page, "Policy compliance", is_page=True),
    Route("GET", "/policies/definitions/{definition}", READ, _definition, "Policy definition", is_page=True),
]
