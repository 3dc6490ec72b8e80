"""Device groups: the list, and a new one with a preview of what its query finds while it is typed."""

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.rendering import FORM, fragment, page, read_form, redirect
from holdfast.console.tables import Cell, Column, ResourceTable, belongs, name_column
from holdfast.devices.device import DEVICE
from holdfast.devices.groups import DEVICE_GROUP, condition_of, members_query
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Query

READ, CREATE = Permission.DEVICE_GROUP_READ, Permission.DEVICE_GROUP_CREATE
UPDATE = Permission.DEVICE_GROUP_UPDATE
SHOWN = 50
PREVIEWED = 5
EVERY_DEVICE = "SELECT * FROM devices"
EXAMPLE = f"{EVERY_DEVICE} WHERE $provisioned = true"


TABLE = ResourceTable(
    id="device-groups",
    title="Device groups",
    kind=DEVICE_GROUP,
    permission=READ,
    columns=(
        name_column("groups"),
        Column("filter", "Finds", lambda g: Cell(g.body["filter"], "id")),
        Column("organization", "Organization", lambda g: belongs(g.organization), "@organization"),
    ),
    search=("displayName",),
    empty="There is no group yet. Groups are what jobs and charts work on.",
)


def _list(
    request: ApiRequest, problem: str = "", status: int = 200, form: JsonObject | None = None
) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(
        request,
        "groups.html",
        status=status,
        table=TABLE.show(request),
        problem=problem,
        form=form or {"id": "", "displayName": "", "filter": EXAMPLE},
        begun=form is not None,
        may_create=request.principal.allows(CREATE),
    )


def proposed(request: ApiRequest, query: str) -> Response:
    """The page with the form of a new group open, its query filled in."""
    return _list(request, form={"id": "", "displayName": "", "filter": query})


def _create(request: ApiRequest) -> Response:
    fields = read_form(request)
    form: JsonObject = {"displayName": fields.get("name", ""), "filter": fields.get("filter", "")}
    group = fields.get("id", "").strip()
    try:
        request.services.changes.apply(request.principal, Change(Action.CREATE, DEVICE_GROUP, group, form))
    except HoldfastError as error:
        return _list(request, str(error), error.status, {**form, "id": group})
    return redirect(page_of("groups", group))


def _preview(request: ApiRequest) -> Response:
    """What the query on the page finds now: a number and the first devices, or what is wrong with it."""
    store, reach = request.services.store, request.principal.reach(Permission.DEVICE_READ)
    try:
        where = condition_of(store, request.query.get("filter", ""))
        total = store.count(DEVICE, reach, where)
        found = store.find(Query(DEVICE, reach, where, limit=PREVIEWED)).items
    except HoldfastError as error:
        return fragment("group_preview.html", problem=str(error), total=0, names=[])
    names = [str(device.body["displayName"]) for device in found]
    return fragment("group_preview.html", problem="", total=total, names=names)


def _group(request: ApiRequest) -> Resource:
    return visible(request, DEVICE_GROUP, request.path["group"], READ)


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    group, store = _group(request), request.services.store
    query = members_query(store, group, request.principal.reach(Permission.DEVICE_READ), SHOWN)
    devices = [(d.body["displayName"], d.id, page_of("devices", d.id)) for d in store.find(query).items]
    return page(
        request,
        "group.html",
        status=status,
        problem=problem,
        group=group,
        address=page_of("groups", group.id),
        devices=devices,
        total=store.count(DEVICE, query.reach, query.where),
        may_update=request.principal.allows(UPDATE, group.organization),
        may_delete=request.principal.allows(Permission.DEVICE_GROUP_DELETE, group.organization),
    )


def _change(request: ApiRequest) -> Response:
    fields, group = read_form(request), _group(request)
    body: JsonObject = {"displayName": fields.get("name", ""), "filter": fields.get("filter", "")}
    try:
        request.services.changes.apply(
            request.principal, Change(Action.MERGE, DEVICE_GROUP, group.id, body, if_match=group.etag)
        )
    except HoldfastError as error:
        return _page(request, str(error), error.status)
    return redirect(page_of("groups", group.id))


def _delete(request: ApiRequest) -> Response:
    read_form(request)
    change = Change(Action.DELETE, DEVICE_GROUP, _group(request).id)
    request.services.changes.apply(request.principal, change)
    return redirect("/groups")


ROUTES = [
    Route("GET", "/groups", READ, _list, "Device groups", is_page=True),
    Route("POST", "/groups", CREATE, _create, "Create a group", content_types=FORM, is_page=True),
    Route("GET", "/group-preview", READ, _preview, "What a query finds", is_page=True),
    Route("GET", "/groups/{group}", READ, _page, "Device group", is_page=True),
    Route("POST", "/groups/{group}", UPDATE, _change, "Change a group", content_types=FORM, is_page=True),
    Route(
        "POST",
        "/groups/{group}/delete",
        Permission.DEVICE_GROUP_DELETE,
        _delete,
        "Delete a group",
        content_types=FORM,
        is_page=True,
    ),
]
