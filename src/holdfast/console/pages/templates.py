"""Device templates: the list, and the page of one."""

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.rendering import page
from holdfast.console.tables import Cell, Column, ResourceTable, name_column
from holdfast.devices.device import DEVICE
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.kernel.permissions import Permission
from holdfast.resources.query import Compare, Operator

KIND = "deviceTemplate"
READ = Permission.TEMPLATE_READ

TABLE = ResourceTable(
    id="templates",
    title="Device templates",
    kind=KIND,
    permission=READ,
    columns=(
        name_column("templates"),
        Column("id", "Id", lambda t: Cell(t.id), "@id"),
        Column("modified", "Changed", lambda t: Cell(t.modified, "moment"), "@modified"),
    ),
    search=("displayName", "capabilityModel.@id"),
    empty="There is no template yet. Devices work without; a template gives their data units and checks.",
)


def _list(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    may_manage = request.principal.allows(Permission.TEMPLATE_MANAGE)
    return page(request, "templates.html", table=TABLE.show(request), may_manage=may_manage)


def _page(request: ApiRequest) -> Response:
    template = visible(request, KIND, request.path["template"], READ)
    held = Compare("template", Operator.EQUAL, template.id)
    reach = request.principal.reach(Permission.DEVICE_READ)
    return page(
        request,
        "template.html",
        shown_template=template,
        parsed=TEMPLATES.parsed(template),
        address=page_of("templates", template.id),
        devices=request.services.store.count(DEVICE, reach, held),
        may_manage=request.principal.allows(Permission.TEMPLATE_MANAGE),
    )


ROUTES = [
    Route("GET", "/templates", READ, _list, "Device templates", is_page=True),
    Route("GET", "/templates/{template}", READ, _page, "Device template", is_page=True),
]
