"""What the pages of policies share: the service behind them, forms that are stored."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from starlette.responses import Response

from holdfast.api.frame import ApiRequest
from holdfast.console.rendering import redirect
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.permissions import Permission
from holdfast.policy.azure.resources import PolicyResources
from holdfast.policy.kinds.lookup import find_policy
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION, full_id, name_in
from holdfast.resources.model import Reader, Resource
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


def titles_of(request: ApiRequest, definitions: Iterable[str]) -> dict[str, str]:
    """What people call definitions, by their names; the name itself where nobody calls it anything."""
    return {name: title_of(request.services.store, full_id(DEFINITION, name)) for name in set(definitions)}


def title_of(reader: Reader, identifier: str) -> str:
    """What people call a definition or an initiative, by its id; its name where nobody calls it anything."""
    found = find_policy(reader, identifier)
    properties = found.document["properties"] if found is not None else {}
    return str((isinstance(properties, Mapping) and properties.get("displayName")) or name_in(identifier))


def address_of(identifier: str) -> str:
    """The page of a definition or an initiative, by its id."""
    collection = "initiatives" if "/policysetdefinitions/" in identifier.lower() else "definitions"
    return f"/policies/{collection}/{quote(name_in(identifier), safe='')}"


def stored(change: Callable[[], object], address: str, again: Again) -> Response:
    """Make a change and lead on, or show the form again with what was wrong."""
    try:
        change()
    except HoldfastError as error:
        return again(str(error), error.status)
    return redirect(address)
