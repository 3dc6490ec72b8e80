"""`/api/fileUploads`, `/api/dashboards` and `/api/deploymentManifests`."""

from dataclasses import replace

from holdfast.api.central.common import (
    MERGE,
    PREVIEW,
    VERSIONS,
    applied,
    etag,
    listing,
    organization_from,
    organizations_of,
    removed,
    visible,
    without,
    written,
)
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.dashboards import DASHBOARD, of_person
from holdfast.devices.device import DEVICE
from holdfast.devices.file_uploads import FILE_UPLOAD, THE_SETTING
from holdfast.devices.manifests import DEPLOYMENT_MANIFEST, assignment
from holdfast.devices.query.fields import NAMED_FILTER_FIELDS
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, merge_patch
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

# File upload: one setting, whose secret is never given back.

MASKED = "*****"
"""Stands for the connection string in answers; sent back, it means the stored one."""


def _upload_shown(setting: Resource) -> JsonObject:
    body = setting.body
    shown: JsonObject = {
        "connectionString": MASKED,
        "container": body["container"],
        "sasTtl": body["sasTtl"],
        "state": "succeeded",
        "etag": etag(setting),
    }
    return shown | ({"account": body["account"]} if body.get("account") else {})


def _upload(request: ApiRequest) -> Resource:
    return visible(request, FILE_UPLOAD, THE_SETTING, Permission.FILE_UPLOAD_READ)


def _get_upload(request: ApiRequest) -> Reply:
    return Reply(200, _upload_shown(_upload(request)))


def _change_upload(request: ApiRequest, action: Action) -> Reply:
    body = without(request.object(), "etag", "state")
    if body.get("connectionString") == MASKED:
        body["connectionString"] = _upload(request).body["connectionString"]
    elif action is Action.MERGE and "connectionString" in body:
        body.setdefault("account", None)  # it belongs to the string that is replaced
    change = Change(action, FILE_UPLOAD, THE_SETTING, body, if_match=request.if_match)
    return Reply(200, _upload_shown(applied(request, change)))


def _put_upload(request: ApiRequest) -> Reply:
    return _change_upload(request, Action.PUT)


def _patch_upload(request: ApiRequest) -> Reply:
    _upload(request)
    return _change_upload(request, Action.MERGE)


def _delete_upload(request: ApiRequest) -> Reply:
    return removed(request, FILE_UPLOAD, THE_SETTING, Permission.FILE_UPLOAD_READ)


# Dashboards


def _dashboard_shown(dashboard: Resource, principal: str) -> JsonObject:
    favorites = dashboard.body.get("favorites")
    return {
        "id": dashboard.id,
        "displayName": dashboard.body["displayName"],
        "tiles": dashboard.body["tiles"],
        "personal": bool(dashboard.body.get("owner")),
        "favorite": isinstance(favorites, list) and principal in favorites,
        "etag": etag(dashboard),
        "organizations": organizations_of(dashboard.organization),
    }


def _list_dashboards(request: ApiRequest) -> Reply:
    return listing(
        request,
        DASHBOARD,
        Permission.DASHBOARD_READ,
        lambda dashboard: _dashboard_shown(dashboard, request.principal.id),
        NAMED_FILTER_FIELDS,
        of_person(request.principal.id),
    )


def _dashboard(request: ApiRequest) -> Resource:
    found = visible(request, DASHBOARD, request.path["dashboard"], Permission.DASHBOARD_READ)
    if found.body.get("owner", "") not in ("", request.principal.id):
        raise NotFoundError(f"There is no {DASHBOARD} {found.id}, or you may not see it.")
    return found


def _get_dashboard(request: ApiRequest) -> Reply:
    return Reply(200, _dashboard_shown(_dashboard(request), request.principal.id))


def _favorites(request: ApiRequest, given: JsonObject, before: Resource | None) -> JsonObject:
    """The `favorites` that the body's `favorite` of the caller leads to."""
    held = before.body.get("favorites") if before else None
    favorites = [str(item) for item in held] if isinstance(held, list) else []
    asked = given.get("favorite")
    if asked is not None and not isinstance(asked, bool):
        raise InvalidError("favorite must be true or false.", "/favorite")
    others = [item for item in favorites if item != request.principal.id]
    if asked is None:
        return {"favorites": list(favorites)}
    return {"favorites": [*others, *([request.principal.id] if asked else [])]}


def _change_dashboard(request: ApiRequest, action: Action, before: Resource | None) -> Reply:
    given = request.object()
    body = without(given, "id", "etag", "organizations", "personal", "favorite")
    change = Change(
        action,
        DASHBOARD,
        request.path["dashboard"],
        {**body, **_favorites(request, given, before)},
        organization=organization_from(request, given),
        if_match=request.if_match,
    )
    return Reply(200, _dashboard_shown(applied(request, change), request.principal.id))


def _put_dashboard(request: ApiRequest) -> Reply:
    before = request.services.store.get(DASHBOARD, request.path["dashboard"])
    return _change_dashboard(request, Action.PUT, before)


def _patch_dashboard(request: ApiRequest) -> Reply:
    return _change_dashboard(request, Action.MERGE, _dashboard(request))


def _delete_dashboard(request: ApiRequest) -> Reply:
    return removed(request, DASHBOARD, request.path["dashboard"], Permission.DASHBOARD_READ)


# Deployment manifests


def _manifest_shown(manifest: Resource) -> JsonObject:
    return {
        "id": manifest.id,
        "displayName": manifest.body["displayName"],
        "data": manifest.body["data"],
        "etag": etag(manifest),
        "organizations": organizations_of(manifest.organization),
    }


def _list_manifests(request: ApiRequest) -> Reply:
    read = Permission.DEPLOYMENT_MANIFEST_READ
    return listing(request, DEPLOYMENT_MANIFEST, read, _manifest_shown, NAMED_FILTER_FIELDS)


def _manifest(request: ApiRequest) -> Resource:
    return visible(
        request, DEPLOYMENT_MANIFEST, request.path["manifest"], Permission.DEPLOYMENT_MANIFEST_READ
    )


def _get_manifest(request: ApiRequest) -> Reply:
    return Reply(200, _manifest_shown(_manifest(request)))


def _put_manifest(request: ApiRequest) -> Reply:
    return written(request, Action.PUT, DEPLOYMENT_MANIFEST, request.path["manifest"], _manifest_shown)


def _patch_manifest(request: ApiRequest) -> Reply:
    before = _manifest(request)
    merged = merge_patch({"displayName": before.body["displayName"]}, request.object())
    assert isinstance(merged, dict)
    # The data of a manifest is a document of its own: a patch that names it replaces it.
    return _put_manifest(replace(request, body={"data": before.body["data"], **merged}))


def _delete_manifest(request: ApiRequest) -> Reply:
    return removed(
        request, DEPLOYMENT_MANIFEST, request.path["manifest"], Permission.DEPLOYMENT_MANIFEST_READ
    )


def _apply_manifest(request: ApiRequest) -> Reply:
    device = visible(request, DEVICE, request.path["device"], Permission.DEVICE_READ)
    given, state = request.object(), request.services.state
    manifest: JsonObject = {name: given[name] for name in ("id", "displayName", "data") if name in given}
    changes = assignment(device, manifest, lambda module: state.twin(device.id, module))
    request.services.changes.apply_all(request.principal, changes)
    return Reply(200, manifest)


_UPLOADS, _UPLOAD_MANAGE = "/api/fileUploads", Permission.FILE_UPLOAD_MANAGE
_DASHBOARDS, _A_DASHBOARD = "/api/dashboards", "/api/dashboards/{dashboard}"
_MANIFESTS, _A_MANIFEST = "/api/deploymentManifests", "/api/deploymentManifests/{manifest}"
_D_READ, _D_MANAGE = Permission.DASHBOARD_READ, Permission.DASHBOARD_MANAGE
_M_READ, _M_MANAGE = Permission.DEPLOYMENT_MANIFEST_READ, Permission.DEPLOYMENT_MANIFEST_MANAGE

ROUTES = [
    Route("GET", _UPLOADS, Permission.FILE_UPLOAD_READ, _get_upload, "Read file upload", VERSIONS),
    Route("PUT", _UPLOADS, _UPLOAD_MANAGE, _put_upload, "Set file upload up", VERSIONS),
    Route("PATCH", _UPLOADS, _UPLOAD_MANAGE, _patch_upload, "Change file upload", VERSIONS, MERGE),
    Route("DELETE", _UPLOADS, _UPLOAD_MANAGE, _delete_upload, "Switch file upload off", VERSIONS),
    Route("GET", _DASHBOARDS, _D_READ, _list_dashboards, "List dashboards", PREVIEW),
    Route("GET", _A_DASHBOARD, _D_READ, _get_dashboard, "Read a dashboard", PREVIEW),
    Route("PUT", _A_DASHBOARD, _D_MANAGE, _put_dashboard, "Create or replace a dashboard", PREVIEW),
    Route("PATCH", _A_DASHBOARD, _D_MANAGE, _patch_dashboard, "Change a dashboard", PREVIEW, MERGE),
    Route("DELETE", _A_DASHBOARD, _D_MANAGE, _delete_dashboard, "Delete a dashboard", PREVIEW),
    Route("GET", _MANIFESTS, _M_READ, _list_manifests, "List deployment manifests", PREVIEW),
    Route("GET", _A_MANIFEST, _M_READ, _get_manifest, "Read a deployment manifest", PREVIEW),
    Route("PUT", _A_MANIFEST, _M_MANAGE, _put_manifest, "Create or replace a manifest", PREVIEW),
    Route("PATCH", _A_MANIFEST, _M_MANAGE, _patch_manifest, "Change a manifest", PREVIEW, MERGE),
    Route("DELETE", _A_MANIFEST, _M_MANAGE, _delete_manifest, "Delete a manifest", PREVIEW),
    Route(
        "POST",
        "/api/devices/{device}/applyDeploymentManifest",
        Permission.DEVICE_UPDATE,
        _apply_manifest,
        "Give a manifest to an edge device",
        PREVIEW,
    ),
]
