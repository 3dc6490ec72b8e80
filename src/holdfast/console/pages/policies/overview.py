"""Policy: how each assigned policy stands, what does not comply and why, and the definitions."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.console.pages.policies.common import SHOWN, address_of, policies_of, titles_of
from holdfast.console.rendering import page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.kernel.json import JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.model import Counts, PolicyState
from holdfast.policy.compliance.reading import Filter, PolicyStates
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION, INITIATIVE, full_id

READ = Permission.POLICY_READ
DRAWN = 6
"""Assignments in the chart: those that stand worst."""

DEFINITIONS = ResourceTable(
    id="policy-definitions",
    title="Policy definitions",
    kind=DEFINITION,
    permission=READ,
    columns=(
        Column(
            "name",
            "Name",
            lambda d: Cell(d.body.get("displayName") or d.id, link=address_of(full_id(DEFINITION, d.id))),
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
        sees_everything=ROOT in reach,
        against=against,
        titles=titles_of(request, (each.definition for each in against)),
        assignments=request.services.store.count(ASSIGNMENT, reach),
        initiatives=policies_of(request).list(request.principal, INITIATIVE, SHOWN)[0],
        address_of=address_of,
        table=DEFINITIONS.show(request),
    )


def _history(request: ApiRequest) -> Reply:
    """How much complies with each assignment, after every sweep and now. Sweeps count the whole application,
    so this is for who sees all of it."""
    states, now = request.services.extension(PolicyStates), request.services.clock.now()
    reach = request.principal.reach(READ)
    current: dict[str, Counts] = {}
    if ROOT in reach:
        names = {assignment for assignment, _ in states.by_policy(Filter(reach))}
        current = {name: states.by_resource(Filter(reach, assignment=name)) for name in names}
    worst = sorted(current, key=lambda name: (-current[name].against, name))[:DRAWN]
    points = [dict([*states.trend(name), (now, current[name])]) for name in worst]
    moments = sorted({moment for each in points for moment in each})
    columns: list[JsonValue] = [list(moments)]
    for each in points:
        counted = [each.get(moment) for moment in moments]
        columns.append([counts and counts.percentage for counts in counted])
    return Reply(200, {"series": list(worst), "columns": columns, "least": 0})


def _against(states: PolicyStates, reach: tuple[OrganizationPath, ...]) -> list[PolicyState]:
    found: list[PolicyState] = []
    for state in (State.NON_COMPLIANT, State.ERROR):
        found += states.find(Filter(reach, state=state), SHOWN)
    return found


ROUTES = [
    Route("GET", "/policies", READ, _page, "Policy compliance", is_page=True),
    Route("GET", "/policies/history", READ, _history, "Compliance over time"),
]
