"""The list of devices with its filters, and a new device."""

from collections.abc import Callable, Sequence

from starlette.responses import Response

from holdfast.access.people.organizations import path_of
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.organization import chosen
from holdfast.console.pages.devices.frame import READ, UPDATE, connected_of, state_of
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.console.tables import Cell, Choice, Column, Facet, ResourceTable, belongs, name_column
from holdfast.devices.device import DEVICE
from holdfast.devices.templates.kind import DEVICE_TEMPLATE
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import name
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import All, Compare, Condition, Operator, Query

MAXIMUM_CHOICES = 200


def _flags(enabled: bool, provisioned: bool) -> All:
    return All(
        (
            Compare("enabled", Operator.EQUAL, enabled),
            Compare("provisioned", Operator.EQUAL, provisioned),
        )
    )


_STATES: dict[str, tuple[str, Condition]] = {
    "provisioned": ("provisioned", _flags(enabled=True, provisioned=True)),
    "registered": ("registered", _flags(enabled=True, provisioned=False)),
    "waiting": ("waiting for approval", _flags(enabled=False, provisioned=False)),
    "blocked": ("blocked", _flags(enabled=False, provisioned=True)),
    "unassigned": (
        "unassigned",
        All((_flags(enabled=True, provisioned=True), Compare("template", Operator.EQUAL, ""))),
    ),
}


def _state_condition(value: str) -> Condition | None:
    return _STATES[value][1] if value in _STATES else None


def templates(request: ApiRequest) -> Sequence[Choice]:
    """The device templates by name, to choose from."""
    if not request.principal.reach(Permission.TEMPLATE_READ):
        return ()
    query = Query(DEVICE_TEMPLATE, request.principal.reach(Permission.TEMPLATE_READ), limit=MAXIMUM_CHOICES)
    found = request.services.store.find(query).items
    return sorted(Choice(t.id, str(t.body.get("displayName") or t.id)) for t in found)


def _beside(request: ApiRequest, devices: Sequence[Resource]) -> dict[str, Callable[[Resource], Cell]]:
    """Who is connected now, and the templates by name."""
    connected, names = connected_of(request, devices), dict(templates(request))

    def standing(device: Resource) -> Cell:
        return Cell("connected", "state", mood="good") if device.id in connected else Cell("–", "state")

    def template(device: Resource) -> Cell:
        id = str(device.body["template"])
        return Cell(names.get(id, id), link=page_of("templates", id) if id in names else "")

    return {"connected": standing, "template": template}


TABLE = ResourceTable(
    id="devices",
    title="Devices",
    kind=DEVICE,
    permission=READ,
    columns=(
        name_column("devices"),
        Column("id", "Id", lambda d: Cell(d.id, "id"), "@id"),
        Column("state", "State", state_of),
        Column("connected", "Connected", lambda _: Cell("", "state")),
        Column("template", "Template", lambda d: Cell(d.body["template"]), "template"),
        Column("organization", "Organization", lambda d: belongs(d.organization), "@organization"),
        Column("group", "Enrollment group", lambda d: Cell(d.body["group"]), "group"),
        Column("simulated", "Simulated", lambda d: Cell(d.body["simulated"]), "simulated"),
        Column("created", "Created", lambda d: Cell(d.created, "moment"), "@created"),
        Column("modified", "Changed", lambda d: Cell(d.modified, "moment"), "@modified"),
    ),
    hidden=frozenset({"group", "simulated", "created"}),
    search=("displayName", "key"),
    facets=(
        Facet(
            "state",
            "State",
            lambda _: [Choice(key, title) for key, (title, _) in _STATES.items()],
            _state_condition,
        ),
        Facet("template", "Template", templates, lambda value: Compare("template", Operator.EQUAL, value)),
    ),
    selection="bulk",
    beside=_beside,
    empty="There is no device here yet. Let one register itself, or create one.",
)


def _list(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(
        request,
        "devices.html",
        table=TABLE.show(request),
        may_create=bool(request.principal.reach(Permission.DEVICE_CREATE)),
        may_update=bool(request.principal.reach(UPDATE)),
        may_delete=bool(request.principal.reach(Permission.DEVICE_DELETE)),
        asked=request.url.partition("?")[2],
    )


def _new(
    request: ApiRequest, problem: str = "", status: int = 200, form: dict[str, str] | None = None
) -> Response:
    return page(
        request,
        "device_new.html",
        status=status,
        problem=problem,
        form={"id": "", "name": "", "template": "", **(form or {})},
        templates=templates(request),
        organization_id=name(chosen(request)),
    )


def _create(request: ApiRequest) -> Response:
    fields = read_form(request)
    id = fields.get("id", "").strip()
    body: JsonObject = {
        "displayName": fields.get("name", "").strip(),
        "template": fields.get("template", ""),
        "simulated": fields.get("simulated") == "yes",
    }
    try:
        place = path_of(request.services.store, fields.get("organization", ""))
        change = Change(Action.CREATE, DEVICE, id, body, organization=place)
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _new(request, str(error), error.status, fields)
    return redirect(page_of("devices", id))


_CREATE = Permission.DEVICE_CREATE
ROUTES = [
    Route("GET", "/devices", READ, _list, "Devices", is_page=True),
    Route("GET", "/devices/new", _CREATE, _new, "New device", is_page=True),
    Route("POST", "/devices/new", _CREATE, _create, "Create", content_types=FORM, is_page=True),
]
