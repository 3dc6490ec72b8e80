"""`/api/devices`: devices, their individual enrollment and their credentials."""

import base64
from functools import partial

from holdfast.api.central.common import (
    FIRST_PREVIEW,
    MERGE,
    VERSIONS,
    etag,
    listing,
    organization_from,
    organizations_of,
    visible,
)
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.attestation import ATTESTATION, with_keys
from holdfast.devices.device import DEVICE, EDGE, is_edge
from holdfast.devices.enrollment_group import DEFAULT_SAS_GROUP, ENROLLMENT_GROUP, read_group
from holdfast.devices.manifests import deployment
from holdfast.devices.organizations import find_organization
from holdfast.devices.query.fields import device_filter_fields
from holdfast.devices.relationships import disconnect_all
from holdfast.devices.templates.kind import manifest_for
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue, merge_patch
from holdfast.kernel.permissions import Permission
from holdfast.protocol.sas import derive_key
from holdfast.resources.model import Action, Change, Resource

_WRITABLE = ("displayName", "template", "enabled", "simulated")
_TAKEN = ("type", "organizations", "deploymentManifest", "id", "etag", "provisioned")
"""What else a body may hold; the last three are only shown and may be sent back."""
_KEPT = ("provisioned", "gateway", "types", "group", "registration", "cloud", "manifest", "modules")
"""What a replacement does not touch: it is not the caller's to say."""


_FIRST_WORDS = {"enabled": "approved", "template": "instanceOf"}
"""What the first preview calls these fields."""


def shown(device: Resource) -> JsonObject:
    """A device as the API shows it."""
    body = device.body
    result: JsonObject = {
        "id": device.id,
        "etag": etag(device),
        "displayName": body["displayName"],
        "simulated": body["simulated"],
        "provisioned": body["provisioned"],
        "enabled": body["enabled"],
        "organizations": organizations_of(device.organization),
    }
    if body.get("template"):
        result["template"] = body["template"]
    if body.get("types"):
        result["type"] = body["types"]
    return result


def _worded(request: ApiRequest, device: JsonObject) -> JsonObject:
    """The fields of a device in the words of the request's version."""
    if request.version != FIRST_PREVIEW:
        return device
    return {_FIRST_WORDS.get(name, name): value for name, value in device.items()}


def _given(request: ApiRequest) -> JsonObject:
    """The request's body in the words of the later versions. InvalidError for a field of both."""
    given = request.object()
    if request.version != FIRST_PREVIEW:
        return given
    if twice := [name for name, first in _FIRST_WORDS.items() if name in given and first in given]:
        raise InvalidError(f"{twice[0]} and {_FIRST_WORDS[twice[0]]} are the same field.", f"/{twice[0]}")
    words = {first: name for name, first in _FIRST_WORDS.items()}
    return {words.get(name, name): value for name, value in given.items()}


def _whole(request: ApiRequest, device: Resource) -> JsonObject:
    """As `shown`, with what is too long for lists."""
    manifest = device.body.get("manifest")
    return _worded(request, shown(device) | ({"deploymentManifest": manifest} if manifest else {}))


_DEPLOYING = frozenset({"template", "type", "deploymentManifest"})
"""The fields by which a device may get another manifest."""


def _list(request: ApiRequest) -> Reply:
    store = request.services.store
    fields = device_filter_fields(lambda name: find_organization(store, name))
    return listing(request, DEVICE, Permission.DEVICE_READ, lambda one: _worded(request, shown(one)), fields)


def _device(request: ApiRequest, permission: Permission = Permission.DEVICE_READ) -> Resource:
    return visible(request, DEVICE, request.path["device"], permission)


def _get(request: ApiRequest) -> Reply:
    return Reply(200, _whole(request, _device(request)))


def _fields(given: JsonObject) -> JsonObject:
    """The fields of a device that a body gives. InvalidError naming one that devices do not have."""
    if unknown := sorted(set(given) - {*_WRITABLE, *_TAKEN}):
        raise InvalidError(f"A device has no field {unknown[0][:64]}.", f"/{unknown[0][:64]}")
    fields: JsonObject = {name: given[name] for name in _WRITABLE if name in given}
    if "type" in given:
        kept = given["type"]
        types: list[JsonValue] = kept if isinstance(kept, list) else [kept]
        if any(one != EDGE for one in types):
            raise InvalidError(f"A device has the type {EDGE} or none.", "/type")
        fields["types"] = types
    return fields


def _put(request: ApiRequest) -> Reply:
    given = _given(request)
    before = request.services.store.get(DEVICE, request.path["device"])
    kept = {name: before.body[name] for name in _KEPT} if before else {}
    change = Change(
        Action.PUT,
        DEVICE,
        request.path["device"],
        {**kept, **_fields(given)},
        organization=organization_from(request, given),
        if_match=request.if_match,
    )
    return _apply(request, change, before)


def _patch(request: ApiRequest) -> Reply:
    given = _given(request)
    change = Change(
        Action.MERGE,
        DEVICE,
        request.path["device"],
        _fields(given),
        organization=organization_from(request, given),
        if_match=request.if_match,
    )
    if given.keys().isdisjoint(_DEPLOYING):  # nothing else needs to know what the device was
        (applied,) = request.services.changes.apply_all(request.principal, [change])
        assert applied.resource is not None
        return Reply(200, _whole(request, applied.resource))
    return _apply(request, change, request.services.store.get(DEVICE, request.path["device"]))


def _apply(request: ApiRequest, change: Change, before: Resource | None) -> Reply:
    services, present = request.services, before.body if before else {}
    changes, manifest = [change], _manifest(request, change, before)
    if manifest is not None:
        changes += deployment(change.id, present, manifest, partial(services.state.twin, change.id))
    stored = [applied.resource for applied in services.changes.apply_all(request.principal, changes)]
    device = next(resource for resource in reversed(stored) if resource is not None)
    return Reply(200, _whole(request, device))


def _manifest(request: ApiRequest, change: Change, before: Resource | None) -> JsonObject | None:
    """The manifest that the device shall run from now on: the body's, else its new template's."""
    store, after = request.services.store, {**(before.body if before else {}), **change.body}
    template, given = str(after.get("template") or ""), request.object().get("deploymentManifest")
    if given is None:
        return manifest_for(store, template, before)
    if not isinstance(given, dict) or not is_edge(store, after.get("types"), template):
        raise InvalidError("Only an IoT Edge device runs a manifest.", "/deploymentManifest")
    return {name: given[name] for name in ("id", "displayName", "data") if name in given}


def _delete(request: ApiRequest) -> Reply:
    device = _device(request)
    store = request.services.store
    changes = disconnect_all(store, device.id)
    if store.get(ATTESTATION, device.id) is not None:
        changes.append(Change(Action.DELETE, ATTESTATION, device.id))
    changes.append(Change(Action.DELETE, DEVICE, device.id, if_match=request.if_match))
    request.services.changes.apply_all(request.principal, changes)
    return Reply(204)


# Individual enrollment


def _stored_attestation(request: ApiRequest) -> Resource:
    device = _device(request, Permission.DEVICE_CREDENTIALS)
    found = request.services.store.get(ATTESTATION, device.id)
    if found is None:
        raise NotFoundError(f"The device {device.id} has no individual enrollment; its group admits it.")
    return found


def _attestation_shown(attestation: Resource) -> JsonObject:
    outer = attestation.body.get("x509")
    if not isinstance(outer, dict):
        return attestation.body
    certificates = outer.get("clientCertificates")
    entries: JsonObject = {
        place: {"info": {"sha1Thumbprint": _thumbprint(entry)}}
        for place, entry in (certificates.items() if isinstance(certificates, dict) else ())
    }
    return {"type": "x509", "x509": {"clientCertificates": entries}}


def _thumbprint(entry: JsonValue) -> JsonValue:
    info = entry.get("info") if isinstance(entry, dict) else None
    if not isinstance(info, dict):
        return ""
    return info.get("sha1Thumbprint") or info.get("sha256Thumbprint") or ""


def _get_attestation(request: ApiRequest) -> Reply:
    attestation = _stored_attestation(request)
    request.services.changes.record(request.principal, "device.credentials-read", resource=attestation.id)
    return Reply(200, _attestation_shown(attestation))


def _put_attestation(request: ApiRequest) -> Reply:
    device = _device(request)
    body = with_keys(request.object(), request.services.randomness)
    return _apply_attestation(request, device, body)


def _patch_attestation(request: ApiRequest) -> Reply:
    before = _stored_attestation(request)
    merged = merge_patch(before.body, request.object())
    assert isinstance(merged, dict)
    return _apply_attestation(request, _device(request), with_keys(merged, request.services.randomness))


def _apply_attestation(request: ApiRequest, device: Resource, body: JsonObject) -> Reply:
    change = Change(
        Action.PUT, ATTESTATION, device.id, body, organization=device.organization, if_match=request.if_match
    )
    stored = request.services.changes.apply(request.principal, change).resource
    assert stored is not None
    return Reply(200, _attestation_shown(stored))


def _delete_attestation(request: ApiRequest) -> Reply:
    attestation = _stored_attestation(request)
    change = Change(Action.DELETE, ATTESTATION, attestation.id, if_match=request.if_match)
    request.services.changes.apply(request.principal, change)
    return Reply(204)


def _credentials(request: ApiRequest) -> Reply:
    device = _device(request, Permission.DEVICE_CREDENTIALS)
    request.services.changes.record(request.principal, "device.credentials-read", resource=device.id)
    body: JsonObject = {"idScope": request.services.id_scope}
    individual = request.services.store.get(ATTESTATION, device.id)
    if individual is not None:
        shown_attestation = _attestation_shown(individual)
        body |= {key: value for key, value in shown_attestation.items() if key != "type"}
        return Reply(200, body)
    group = request.services.store.get(ENROLLMENT_GROUP, str(device.body.get("group") or DEFAULT_SAS_GROUP))
    keys = read_group(group).keys if group is not None else ()
    if keys:
        primary, secondary = (base64.b64encode(derive_key(key, device.id)).decode() for key in keys)
        body["symmetricKey"] = {"primaryKey": primary, "secondaryKey": secondary}
    return Reply(200, body)


_DEVICE = "/api/devices/{device}"
_ATTESTATION = _DEVICE + "/attestation"
_UPDATE = Permission.DEVICE_UPDATE
_SECRETS = Permission.DEVICE_CREDENTIALS

ROUTES = [
    Route("GET", "/api/devices", Permission.DEVICE_READ, _list, "List devices", VERSIONS),
    Route("GET", _DEVICE, Permission.DEVICE_READ, _get, "Read a device", VERSIONS),
    Route("PUT", _DEVICE, Permission.DEVICE_CREATE, _put, "Create or replace a device", VERSIONS),
    Route("PATCH", _DEVICE, _UPDATE, _patch, "Change a device", VERSIONS, MERGE),
    Route("DELETE", _DEVICE, Permission.DEVICE_DELETE, _delete, "Delete a device", VERSIONS),
    Route("GET", _ATTESTATION, _SECRETS, _get_attestation, "Read an individual enrollment", VERSIONS),
    Route("PUT", _ATTESTATION, _UPDATE, _put_attestation, "Set an individual enrollment", VERSIONS),
    Route(
        "PATCH", _ATTESTATION, _UPDATE, _patch_attestation, "Change an individual enrollment", VERSIONS, MERGE
    ),
    Route("DELETE", _ATTESTATION, _UPDATE, _delete_attestation, "Remove an individual enrollment", VERSIONS),
    Route(
        "GET",
        _DEVICE + "/credentials",
        _SECRETS,
        _credentials,
        "Read what the device connects with",
        VERSIONS,
    ),
]
