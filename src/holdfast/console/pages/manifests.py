"""Deployment manifests: which modules edge devices run."""

import msgspec
from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.filters import pretty
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.console.tables import Cell, Column, ResourceTable, belongs, name_column
from holdfast.devices.manifests import AGENT, DEPLOYMENT_MANIFEST, modules_of
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ, MANAGE = Permission.DEPLOYMENT_MANIFEST_READ, Permission.DEPLOYMENT_MANIFEST_MANAGE
HERE = "/manifests"
EXAMPLE = pretty({"modulesContent": {AGENT: {"properties.desired": {"modules": {}}}}})

TABLE = ResourceTable(
    id="manifests",
    title="Deployment manifests",
    kind=DEPLOYMENT_MANIFEST,
    permission=READ,
    columns=(
        name_column("manifests"),
        Column("modules", "Modules", lambda m: Cell(", ".join(modules_of(m.body["data"])))),
        Column("organization", "Organization", lambda m: belongs(m.organization), "@organization"),
        Column("modified", "Changed", lambda m: Cell(m.modified, "moment"), "@modified"),
    ),
    search=("displayName",),
    empty="There is no manifest yet. It says which modules an edge device runs; a job gives it to devices.",
)


def _list(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(
        request,
        "manifests.html",
        status=status,
        problem=problem,
        table=TABLE.show(request),
        example=EXAMPLE,
        may_manage=request.principal.allows(MANAGE),
    )


def _create(request: ApiRequest) -> Response:
    fields = read_form(request)
    id = fields.get("id", "").strip()
    try:
        change = Change(Action.CREATE, DEPLOYMENT_MANIFEST, id, _body(fields))
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _list(request, str(error), error.status)
    return redirect(page_of("manifests", id))


def _body(fields: dict[str, str]) -> JsonObject:
    try:
        data: JsonValue = msgspec.json.decode(fields.get("data", ""))
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidError(f"The manifest is not JSON: {error}.", "/data") from None
    return {"displayName": fields.get("name", ""), "data": data}


def _manifest(request: ApiRequest) -> Resource:
    return visible(request, DEPLOYMENT_MANIFEST, request.path["manifest"], READ)


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    manifest = _manifest(request)
    return page(
        request,
        "manifest.html",
        status=status,
        problem=problem,
        manifest=manifest,
        address=page_of("manifests", manifest.id),
        modules=list(modules_of(manifest.body["data"])),
        may_manage=request.principal.allows(MANAGE, manifest.organization),
    )


def _change(request: ApiRequest) -> Response:
    fields, manifest = read_form(request), _manifest(request)
    deleting = fields.get("action") == "delete"
    change = Change(Action.DELETE, DEPLOYMENT_MANIFEST, manifest.id)
    try:
        if not deleting:
            body = _body(fields)
            change = Change(Action.PUT, DEPLOYMENT_MANIFEST, manifest.id, body, if_match=manifest.etag)
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _page(request, str(error), error.status)
    return redirect(HERE if deleting else page_of("manifests", manifest.id))


ROUTES = [
    Route("GET", HERE, READ, _list, "Deployment manifests", is_page=True),
    Route("POST", HERE, MANAGE, _create, "Make a manifest", content_types=FORM, is_page=True),
    Route("GET", f"{HERE}/{{manifest}}", READ, _page, "Deployment manifest", is_page=True),
    Route("POST", f"{HERE}/{{manifest}}", MANAGE, _change, "Change it", content_types=FORM, is_page=True),
]
