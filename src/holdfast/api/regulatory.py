"""Regulatory compliance as clients of Defender for Cloud read it: standards, controls, assessments."""

from collections.abc import Iterable

from holdfast.api.baseline import baseline_of
from holdfast.api.frame import ApiRequest, Handler, Reply, Route
from holdfast.baseline.assessment import regulatory
from holdfast.baseline.assessment.assess import Assessment
from holdfast.baseline.assessment.selection import selected
from holdfast.baseline.service import ASSESSED, find_control
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission


def _scope(request: ApiRequest) -> str:
    """What stands where the subscription does: the one that was asked, or our own."""
    return request.path.get("subscription", request.services.id_scope)


def _list(request: ApiRequest, items: Iterable[JsonObject]) -> Reply:
    return Reply(200, {"value": selected(items, request.query.get("$filter", ""))})


def _standards(request: ApiRequest) -> Reply:
    baseline, scope = baseline_of(request), _scope(request)
    found = [baseline.assessment(service.key) for service in ASSESSED]
    return _list(request, [regulatory.standard(item, scope) for item in found])


def _standard(request: ApiRequest) -> Assessment:
    return baseline_of(request).assessment(request.path["standard"])


def _one_standard(request: ApiRequest) -> Reply:
    return Reply(200, regulatory.standard(_standard(request), _scope(request)))


def _controls(request: ApiRequest) -> Reply:
    assessment, scope = _standard(request), _scope(request)
    return _list(request, [regulatory.control(assessment, item, scope) for item in assessment.controls])


def _one_control(request: ApiRequest) -> Reply:
    assessment = _standard(request)
    state = find_control(assessment, request.path["control"])
    return Reply(200, regulatory.control(assessment, state, _scope(request)))


def _of_control(request: ApiRequest) -> list[JsonObject]:
    assessment = _standard(request)
    state = find_control(assessment, request.path["control"])
    return regulatory.assessments(assessment, state, _scope(request))


def _assessments(request: ApiRequest) -> Reply:
    return _list(request, _of_control(request))


def _one_assessment(request: ApiRequest) -> Reply:
    wanted = request.path["assessment"]
    for found in _of_control(request):
        if found["name"] == wanted:
            return Reply(200, found)
    raise NotFoundError(f"{request.path['control']} has no assessment {wanted}.")


_ARM_VERSIONS = frozenset({"2019-01-01", "2019-01-01-preview"})


def _below(root: str, versions: frozenset[str] = frozenset()) -> list[Route]:
    """The shapes of regulatory compliance below an address."""
    standard = f"{root}/regulatoryComplianceStandards"
    control = f"{standard}/{{standard}}/regulatoryComplianceControls"
    assessed = f"{control}/{{control}}/regulatoryComplianceAssessments"
    rows: list[tuple[str, Handler, str]] = [
        (standard, _standards, "Services as standards"),
        (f"{standard}/{{standard}}", _one_standard, "A service as a standard"),
        (control, _controls, "The controls of a standard"),
        (f"{control}/{{control}}", _one_control, "A control of a standard"),
        (assessed, _assessments, "The assessments of a control"),
        (f"{assessed}/{{assessment}}", _one_assessment, "An assessment of a control"),
    ]
    read = Permission.ASSESSMENT_READ
    return [Route("GET", path, read, handler, summary, versions) for path, handler, summary in rows]


ROUTES = [
    *_below("/api/baseline"),
    *_below("/subscriptions/{subscription}/providers/Microsoft.Security", _ARM_VERSIONS),
]
