"""Device templates: the list, and the page of one."""

from urllib.parse import quote

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.rendering import page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.kernel.permissions import Permission

KIND = "deviceTemplate"
READ = Permission.TEMPLATE_READ

TABLE = ResourceTable(
    id="templates",
    title="Device templates",
    kind=KIND,
    permission=READ,
    columns=(
        Column(
            "name",
            "Name",
            lambda t: Cell(t.body.get("displayName") or t.id, link=f"/templates/{quote(t.id, safe='')}"),
        ),
        Column("id", "Id", lambda t: Cell(t.id), "@id"),
        Column("modified", "Changed", lambda t: Cell(t.modified, "moment"), "@modified"),
    ),
    search=(),
    empty="There is no template yet. Devices work without; a template gives their data units and checks.",
)


def _list(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(request, "templates.html", table=TABLE.show(request))


def _page(request: ApiRequest) -> Response:
    template = visible(request, KIND, request.path["template"], READ)
    return page(request, "template.html", shown_template=template)


ROUTES = [
    Route("GET", "/templates", READ, _list, "Device templates", is_page=True),
    Route("GET", "/templates/{template}", READ, _page, "Device template", is_page=True),
]
