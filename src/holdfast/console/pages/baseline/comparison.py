"""Our service and others side by side, each feature judged by its desired state."""

from typing import Final

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.baseline.comparison import compare
from holdfast.baseline.model.vocabulary import Standing
from holdfast.baseline.service import WHOLE
from holdfast.baseline.services import carried_service, is_ours, known_services
from holdfast.console.pages.baseline.common import READ, baseline_of
from holdfast.console.rendering import page

OTHERS: Final = tuple(key for key in known_services() if not is_ours(key))
"""Services whose facts the product carries, to compare with."""
_MOODS: Final = {Standing.MEETS: "good", Standing.PARTLY: "waiting", Standing.SHORT: "bad"}


def _page(request: ApiRequest) -> Response:
    assessment = baseline_of(request).assessment()
    states = {(WHOLE, feature.feature.key): str(feature.state) for feature in assessment.features}
    comparison = compare([*(carried_service(key) for key in OTHERS), carried_service(WHOLE)], states)
    return page(
        request,
        "baseline/comparison.html",
        services=comparison.services,
        lines=comparison.lines,
        standings=[
            (standing, [comparison.standings(service.key)[standing] for service in comparison.services])
            for standing in _MOODS
        ],
        moods=_MOODS,
    )


ROUTES = [Route("GET", "/baseline/comparison", READ, _page, "Services side by side", is_page=True)]
