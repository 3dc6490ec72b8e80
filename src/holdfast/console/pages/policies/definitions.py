"""One definition or one initiative: what it says, how it stands, and what it says of a resource."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.filters import pretty
from holdfast.console.pages.policies.common import READ, address_of, policies_of, title_of
from holdfast.console.pages.policies.editor import verdict_on
from holdfast.console.rendering import page
from holdfast.kernel.json import JsonObject
from holdfast.policy.azure.resources import CUSTOM
from holdfast.policy.compliance.model import Counts
from holdfast.policy.compliance.reading import Filter, PolicyStates
from holdfast.policy.kinds.names import DEFINITION, INITIATIVE
from holdfast.policy.kinds.versions import other_versions
from holdfast.policy.language.assignments.model import Initiative, PolicyReference
from holdfast.policy.language.assignments.parse import parse_initiative


class About(NamedTuple):
    """What both have."""

    title: str
    properties: JsonObject
    versions: Sequence[str]
    """Others that are kept."""


class Member(NamedTuple):
    """One policy of an initiative."""

    title: str
    address: str
    reference: str
    groups: Sequence[str]
    counts: Counts


class GroupRow(NamedTuple):
    """One group of an initiative, most often a control of a benchmark."""

    name: str
    title: str
    policies: int
    counts: Counts
    """Of all its policies together."""


def _definition(request: ApiRequest) -> Response:
    name = request.path["definition"].lower()
    properties = _properties(request, DEFINITION, name)
    own = str(properties.get("policyType") or CUSTOM).lower() == CUSTOM
    return page(
        request,
        "policies/definition.html",
        about=_about(request, DEFINITION, name, properties),
        overall=_states(request).by_resource(Filter(request.principal.reach(READ), definition=name)),
        edit=f"/policies/editor?{urlencode({'definition': name})}" if own else "",
        verdict=verdict_on(request, pretty(properties), ""),
    )


def _initiative(request: ApiRequest) -> Response:
    name = request.path["initiative"].lower()
    properties = _properties(request, INITIATIVE, name)
    initiative = parse_initiative({"properties": properties})
    members = _members(request, name, initiative)
    return page(
        request,
        "policies/initiative.html",
        about=_about(request, INITIATIVE, name, properties),
        overall=_states(request).by_resource(Filter(request.principal.reach(READ), initiative=name)),
        members=members,
        groups=_groups(initiative, members),
    )


def _properties(request: ApiRequest, kind: str, name: str) -> JsonObject:
    properties = policies_of(request).get(request.principal, kind, name)["properties"]
    assert isinstance(properties, dict)
    return properties


def _about(request: ApiRequest, kind: str, name: str, properties: JsonObject) -> About:
    versions = [str(each.body["version"]) for each in other_versions(request.services.store, kind, name)]
    return About(str(properties.get("displayName") or name), properties, versions)


def _states(request: ApiRequest) -> PolicyStates:
    return request.services.extension(PolicyStates)


def _members(request: ApiRequest, name: str, initiative: Initiative) -> list[Member]:
    counted = _states(request).by_policy(Filter(request.principal.reach(READ), initiative=name))
    by_reference: dict[str, Counts] = defaultdict(Counts)
    for (_, reference), counts in counted.items():
        by_reference[reference.lower()] += counts
    return [_member(request, each, by_reference) for each in initiative.policies]


def _member(request: ApiRequest, policy: PolicyReference, counted: Mapping[str, Counts]) -> Member:
    return Member(
        title_of(request.services.store, policy.definition_id),
        address_of(policy.definition_id),
        policy.reference_id,
        policy.groups,
        counted.get(policy.reference_id.lower(), Counts()),
    )


def _groups(initiative: Initiative, members: Sequence[Member]) -> list[GroupRow]:
    within: dict[str, list[Counts]] = defaultdict(list)
    for member in members:
        for group in member.groups:
            within[group].append(member.counts)
    return [
        GroupRow(group.name, group.display_name or group.name, len(counts), sum(counts, start=Counts()))
        for group in initiative.groups
        for counts in [within[group.name]]
    ]


ROUTES = [
    Route("GET", "/policies/definitions/{definition}", READ, _definition, "Policy definition", is_page=True),
    Route("GET", "/policies/initiatives/{initiative}", READ, _initiative, "Policy initiative", is_page=True),
]
