"""Exemptions: who is let off which policy, why and until when."""

from datetime import UTC, datetime

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.policies.common import READ, SHOWN, assigned, policies_of, stored
from holdfast.console.rendering import FORM, page, read_form
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.policy.kinds.names import ASSIGNMENT, EXEMPTION, full_id
from holdfast.resources.query import Query

MANAGE = Permission.EXEMPTION_MANAGE
_CATEGORIES = ("Waiver", "Mitigated")


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    reach = request.principal.reach(READ)
    found = request.services.store.find(Query(EXEMPTION, reach, limit=SHOWN)).items
    return page(
        request,
        "policies/exemptions.html",
        status=status,
        problem=problem,
        exemptions=found,
        assignments=assigned(request),
        categories=_CATEGORIES,
        resource=request.query.get("resource", ""),
        chosen=request.query.get("assignment", ""),
        reference=request.query.get("reference", ""),
        may_manage=bool(request.principal.reach(MANAGE)),
    )


def _create(request: ApiRequest) -> Response:
    fields = read_form(request)
    return stored(
        lambda: policies_of(request).put(
            request.principal,
            EXEMPTION,
            fields.get("name", "").strip().lower(),
            _document(request, fields),
            _place(request, fields.get("assignment", "")),
        ),
        "/policies/exemptions",
        lambda problem, status: _page(request, problem, status),
    )


def _document(request: ApiRequest, fields: dict[str, str]) -> JsonObject:
    properties: JsonObject = {
        "displayName": fields.get("reason", "").strip(),
        "policyAssignmentId": full_id(ASSIGNMENT, fields.get("assignment", "")),
        "exemptionCategory": fields.get("category", ""),
        "metadata": {"requestedBy": request.principal.name},
    }
    if scope := fields.get("resource", "").strip():
        properties["scope"] = scope
    if reference := fields.get("reference", "").strip():
        properties["policyDefinitionReferenceIds"] = [reference]
    if until := fields.get("until", "").strip():
        properties["expiresOn"] = _end_of(until)
    return {"properties": properties}


def _end_of(day: str) -> str:
    try:
        moment = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidError("The last day is a date such as 2027-01-31.", "/expiresOn") from None
    return moment.strftime("%Y-%m-%dT23:59:59Z")


def _place(request: ApiRequest, assignment: str) -> OrganizationPath:
    """An exemption lives where its assignment does."""
    found = request.services.store.get(ASSIGNMENT, assignment)
    return found.organization if found is not None else ROOT


def _remove(request: ApiRequest) -> Response:
    name = read_form(request).get("name", "")
    return stored(
        lambda: policies_of(request).delete(request.principal, EXEMPTION, name),
        "/policies/exemptions",
        lambda problem, status: _page(request, problem, status),
    )


ROUTES = [
    Route("GET", "/policies/exemptions", READ, _page, "Exemptions from policies", is_page=True),
    Route(
        "POST", "/policies/exemptions", MANAGE, _create, "Exempt something", content_types=FORM, is_page=True
    ),
    Route(
        "POST",
        "/policies/exemptions/remove",
        MANAGE,
        _remove,
        "End an exemption",
        content_types=FORM,
        is_page=True,
    ),
]
