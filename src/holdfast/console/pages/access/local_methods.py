"""Local methods: what is not the identity provider's, who still uses it, and the switches."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.access.local_usage import InUse
from holdfast.access.people.organizations import path_of
from holdfast.access.settings import LocalMethod
from holdfast.api.access.local_methods import MethodInUseError, find_method, switch, usage
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, control, places, submitted
from holdfast.console.rendering import FORM, page
from holdfast.kernel.organizations import name
from holdfast.kernel.permissions import Permission

READ, MANAGE = Permission.ACCESS_READ, Permission.ACCESS_MANAGE
HERE = "/access/local-methods"
LISTED = 50
KINDS = {
    "apiToken": "API token",
    "user": "person",
    "device": "device",
    "enrollmentGroup": "enrollment group",
    "sharedAccessPolicy": "shared access policy",
}

TITLES = {
    LocalMethod.API_TOKENS: "API tokens",
    LocalMethod.LOCAL_ACCOUNTS: "Local accounts: passwords with one-time codes, passkeys",
    LocalMethod.DEVICE_SAS: "Symmetric keys of devices",
}


class Shown(NamedTuple):
    """One method with what uses it."""

    method: str
    title: str
    allowed: bool
    number: int
    used: list[InUse]


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    highest = min(request.principal.reach(READ), key=len)
    organization = request.query.get("organization", name(highest))
    node = path_of(request.services.store, organization)
    snapshot = control(request).directory.current()
    methods = []
    for method, title in TITLES.items():
        found = usage(request, method, organization)
        allowed = snapshot.allows(method, node)
        methods.append(Shown(method.value, title, allowed, len(found), found[:LISTED]))
    return page(
        request,
        "access/local_methods.html",
        status=status,
        problem=problem,
        methods=methods,
        at=organization,
        places=places(request),
        kinds=KINDS,
        may_manage=request.principal.allows(MANAGE, node),
    )


def _switch(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        method, organization = find_method(request.path["method"]), fields.get("organization", "")
        on = fields.get("on") == "yes"
        found = [] if on else usage(request, method, organization)
        if found and fields.get("anyway") != str(len(found)):
            raise MethodInUseError(
                f"{len(found)} still use it: look at the list below, and tick that it shall go off anyway."
            )
        switch(request, method, organization, on=on)
        return f"{HERE}?organization={organization}" if organization else HERE

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, READ, _page, "Local methods", is_page=True),
    Route("POST", f"{HERE}/{{method}}", MANAGE, _switch, "Switch one", content_types=FORM, is_page=True),
]
