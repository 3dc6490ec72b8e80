"""What to do: every feature and policy that falls short, by severity, with what fixes it and who does."""

from collections import Counter

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.baseline.assessment.recommendations import Recommendation, Status, recommendations
from holdfast.baseline.assessment.score import FORMULA, secure_score
from holdfast.console.pages.baseline.common import READ, assessment_of, baseline_of
from holdfast.console.rendering import page
from holdfast.kernel.errors import NotFoundError


def _page(request: ApiRequest) -> Response:
    found = recommendations(assessment_of(request))
    wanted = request.query.get("status", Status.OPEN.value)
    return page(
        request,
        "baseline/recommendations.html",
        items=[item for item in found if wanted in ("all", item.status)],
        wanted=wanted,
        counts=Counter(item.status.value for item in found),
        statuses=[status.value for status in Status],
        score=secure_score(found),
        formula=FORMULA,
    )


def _one(request: ApiRequest) -> Response:
    item = _found(request)
    return page(
        request,
        "baseline/recommendation.html",
        item=item,
        history=baseline_of(request).history(item.id),
    )


def _found(request: ApiRequest) -> Recommendation:
    id_ = request.path["recommendation"]
    for item in recommendations(assessment_of(request)):
        if item.id == id_:
            return item
    raise NotFoundError(f"There is no recommendation {id_}, or what it was about is not there any more.")


ROUTES = [
    Route("GET", "/baseline/recommendations", READ, _page, "Recommendations", is_page=True),
    Route("GET", "/baseline/recommendations/{recommendation}", READ, _one, "A recommendation", is_page=True),
]
