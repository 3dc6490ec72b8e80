"""Many devices at once from a CSV file: pasted, or chosen and read by the page's script."""

from starlette.responses import Response

from holdfast.access.people.organizations import path_of
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.organization import chosen
from holdfast.console.pages.devices.listing import templates
from holdfast.console.rendering import FORM, page, read_form
from holdfast.devices.bulk.csv_files import COLUMNS, read_devices
from holdfast.devices.bulk.fleet import Made, Placing, make_devices
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.organizations import name
from holdfast.kernel.permissions import Permission

CREATE = Permission.DEVICE_CREATE
MAXIMUM_FORM = 8 * 2**20
"""Bytes of the form; `holdfast device import` takes longer files."""


def _page(
    request: ApiRequest,
    problem: str = "",
    status: int = 200,
    form: dict[str, str] | None = None,
    made: Made | None = None,
) -> Response:
    return page(
        request,
        "devices_import.html",
        status=status,
        problem=problem,
        made=made,
        form={"file": "", "template": "", "organization": name(chosen(request)), **(form or {})},
        templates=templates(request),
        columns=COLUMNS,
    )


def _import(request: ApiRequest) -> Response:
    fields, services = read_form(request), request.services
    place = fields.get("organization", "").strip()
    try:
        placing = Placing(fields.get("template", ""), path_of(services.store, place) if place else None)
        rows = read_devices(fields.get("file", "").encode())
        made = make_devices(services.store, services.changes, request.principal, rows, placing)
    except HoldfastError as error:
        return _page(request, str(error), error.status, fields)
    return _page(request, made=made)


ROUTES = [
    Route("GET", "/device-import", CREATE, _page, "Import devices", is_page=True),
    Route(
        "POST",
        "/device-import",
        CREATE,
        _import,
        "Import devices",
        content_types=FORM,
        maximum_body=MAXIMUM_FORM,
        is_page=True,
    ),
]
