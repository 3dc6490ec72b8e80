"""What needs a decision: the number at the bell, the list below it, and the page of it."""

from starlette.responses import Response

from holdfast.api.frame import SIGNED_IN, ApiRequest, Route
from holdfast.console.decisions import decisions
from holdfast.console.rendering import fragment, page

_WHY = "each source checks its own permission"


def _page(request: ApiRequest) -> Response:
    return page(request, "notifications.html", decisions=decisions(request))


def _list(request: ApiRequest) -> Response:
    return fragment("decisions.html", decisions=decisions(request))


def _count(request: ApiRequest) -> Response:
    return fragment("decisions_count.html", count=len(decisions(request)))


ROUTES = [
    Route("GET", "/notifications", SIGNED_IN, _page, f"What needs a decision: {_WHY}", is_page=True),
    Route("GET", "/notifications/list", SIGNED_IN, _list, f"Below the bell: {_WHY}", is_page=True),
    Route("GET", "/notifications/count", SIGNED_IN, _count, f"At the bell: {_WHY}", is_page=True),
]
