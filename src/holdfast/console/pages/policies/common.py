"""What the pages of policies share: the service behind them, forms that are stored."""

from collections.abc import Callable

from starlette.responses import Response

from holdfast.api.frame import ApiRequest
from holdfast.console.rendering import redirect
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.permissions import Permission
from holdfast.policy.azure.resources import PolicyResources
from holdfast.policy.kinds.names import ASSIGNMENT
from holdfast.resources.model import Resource
from holdfast.resources.query import Query

READ, MANAGE = Permission.POLICY_READ, Permission.POLICY_MANAGE
SHOWN = 200
"""Rows of a list on a page; the API has all."""

Again = Callable[[str, int], Response]
"""The page again, with what was wrong and its status."""


def policies_of(request: ApiRequest) -> PolicyResources:
    """The stored policy resources."""
    return PolicyResources(request.services.store, request.services.changes)


def assigned(request: ApiRequest) -> list[Resource]:
    """The assignments that the reader may see."""
    query = Query(ASSIGNMENT, request.principal.reach(READ), limit=SHOWN)
    return list(request.services.store.find(query).items)


def stored(change: Callable[[], object], address: str, again: Again) -> Response:
    """Make a change and lead on, or show the form again with what was wrong."""
    try:
        change()
    except HoldfastError as error:
        return again(str(error), error.status)
    return redirect(address)
