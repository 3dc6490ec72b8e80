"""File uploads: where the files go that devices upload."""

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.devices.file_uploads import FILE_UPLOAD, THE_SETTING, seconds_of
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change

READ, MANAGE = Permission.FILE_UPLOAD_READ, Permission.FILE_UPLOAD_MANAGE
HERE = "/file-uploads"
LOCAL = "Storage=Local"
HOUR = 3600
FIRST = {"account": "", "container": "files", "sasTtl": "PT1H"}
"""What the form proposes where nothing is set up."""


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    stored = request.services.store.get(FILE_UPLOAD, THE_SETTING)
    body = stored.body if stored else FIRST
    return page(
        request,
        "file_uploads.html",
        status=status,
        problem=problem,
        is_on=stored is not None,
        account=body["account"],
        container=body["container"],
        hours=max(1, seconds_of(str(body["sasTtl"])) // HOUR),
        may_manage=request.principal.allows(MANAGE),
    )


def _change(request: ApiRequest) -> Response:
    fields = read_form(request)
    is_on = request.services.store.get(FILE_UPLOAD, THE_SETTING) is not None
    change = Change(Action.DELETE, FILE_UPLOAD, THE_SETTING)
    if fields.get("action") != "off":
        action = Action.MERGE if is_on else Action.PUT
        change = Change(action, FILE_UPLOAD, THE_SETTING, _asked(fields))
    try:
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _page(request, str(error), error.status)
    return redirect(HERE)


def _asked(fields: dict[str, str]) -> JsonObject:
    """The setting as the form has it; an empty connection string keeps the present one."""
    asked: JsonObject = {"container": fields.get("container", "").strip()}
    asked["sasTtl"] = f"PT{fields.get('hours', '').strip() or '1'}H"
    given = fields.get("connection", "").strip()
    if fields.get("storage") == "local":
        asked |= {"connectionString": LOCAL, "account": ""}
    elif given:
        asked |= {"connectionString": given, "account": ""}
    return asked


ROUTES = [
    Route("GET", HERE, READ, _page, "File uploads", is_page=True),
    Route("POST", HERE, MANAGE, _change, "Set them up", content_types=FORM, is_page=True),
]
