"""`/api/enrollmentGroups`: groups, their signing certificates, and the proof of possession."""

from holdfast.api.central.common import MERGE, VERSIONS, etag, listing, visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.attestation import with_keys
from holdfast.devices.certificates import parse_pem, sha1
from holdfast.devices.enrollment_group import (
    ENROLLMENT_GROUP,
    PLACES,
    certificate_patch,
    check_proof,
    new_verification_code,
    signing_certificate,
)
from holdfast.devices.query.fields import NAMED_FILTER_FIELDS
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, merge_patch
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ = Permission.ENROLLMENT_READ
MANAGE = Permission.ENROLLMENT_MANAGE
_READ_ONLY = ("id", "etag", "idScope")


def _shown(resource: Resource, id_scope: str = "") -> JsonObject:
    body = resource.body
    attestation = body.get("attestation")
    shown: JsonObject = {
        "id": resource.id,
        "displayName": body["displayName"],
        "enabled": body["enabled"],
        "type": body["type"],
        "attestation": _attestation_shown(attestation) if isinstance(attestation, dict) else {},
        "etag": etag(resource),
    }
    if id_scope:
        shown["idScope"] = id_scope
    return shown


def _attestation_shown(attestation: JsonObject) -> JsonObject:
    outer = attestation.get("x509")
    if not isinstance(outer, dict):
        return attestation
    certificates = outer.get("signingCertificates")
    shown: JsonObject = {
        place: _certificate_shown(entry)
        for place, entry in (certificates.items() if isinstance(certificates, dict) else ())
        if isinstance(entry, dict)
    }
    return {"type": "x509", "x509": {"signingCertificates": shown}}


def _certificate_shown(entry: JsonObject) -> JsonObject:
    info = entry.get("info")
    thumbprint = info.get("sha1Thumbprint") if isinstance(info, dict) else ""
    return {"verified": entry.get("verified"), "info": {"sha1Thumbprint": thumbprint}}


def _list(request: ApiRequest) -> Reply:
    def shown(group: Resource) -> JsonObject:
        _record_reading(request, group)
        return _shown(group)

    return listing(request, ENROLLMENT_GROUP, READ, shown, NAMED_FILTER_FIELDS)


def _get(request: ApiRequest) -> Reply:
    group = _group(request)
    _record_reading(request, group)
    return Reply(200, _shown(group, request.services.id_scope))


def _record_reading(request: ApiRequest, group: Resource) -> None:
    """Whoever reads a group with keys has read its keys, in a list too."""
    attestation = group.body.get("attestation")
    if isinstance(attestation, dict) and "symmetricKey" in attestation:
        request.services.changes.record(request.principal, "enrollmentGroup.keys-read", resource=group.id)


def _group(request: ApiRequest) -> Resource:
    return visible(request, ENROLLMENT_GROUP, request.path["group"], READ)


def _body(request: ApiRequest, given: JsonObject) -> JsonObject:
    attestation = given.get("attestation")
    body = {key: value for key, value in given.items() if key not in _READ_ONLY}
    if isinstance(attestation, dict):
        body["attestation"] = with_keys(attestation, request.services.randomness)
    return body


def _put(request: ApiRequest) -> Reply:
    body = _body(request, request.object())
    return _apply(
        request, Change(Action.PUT, ENROLLMENT_GROUP, request.path["group"], body, if_match=request.if_match)
    )


def _patch(request: ApiRequest) -> Reply:
    group = _group(request)
    patch = {key: value for key, value in request.object().items() if key not in _READ_ONLY}
    merged = merge_patch(group.body, patch)
    assert isinstance(merged, dict)
    # The merged whole is put under the etag that was read, so keys that are missing can be made.
    condition = request.if_match or group.etag
    return _apply(
        request, Change(Action.PUT, ENROLLMENT_GROUP, group.id, _body(request, merged), if_match=condition)
    )


def _delete(request: ApiRequest) -> Reply:
    change = Change(Action.DELETE, ENROLLMENT_GROUP, request.path["group"], if_match=request.if_match)
    request.services.changes.apply(request.principal, change)
    return Reply(204)


def _apply(request: ApiRequest, change: Change) -> Reply:
    stored = request.services.changes.apply(request.principal, change).resource
    assert stored is not None
    return Reply(200, _shown(stored, request.services.id_scope))


# Signing certificates


def _place(request: ApiRequest) -> str:
    place = request.path["entry"]
    if place not in PLACES:
        raise NotFoundError("A group has a primary and a secondary certificate.")
    return place


def _stored_certificate(request: ApiRequest, group: Resource) -> JsonObject:
    entry = signing_certificate(group.body, _place(request))
    if entry is None:
        raise NotFoundError(f"The group {group.id} has no {_place(request)} certificate.")
    return entry


def _certificate_reply(request: ApiRequest, group: Resource) -> Reply:
    return Reply(200, {**_certificate_shown(_stored_certificate(request, group)), "etag": etag(group)})


def _get_certificate(request: ApiRequest) -> Reply:
    return _certificate_reply(request, _group(request))


def _put_certificate(request: ApiRequest) -> Reply:
    given = request.object()
    sha1(parse_pem(given.get("certificate"), "/certificate"))  # says here what is wrong with it
    entry: JsonObject = {"certificate": given["certificate"], "verified": given.get("verified", False)}
    if not isinstance(entry["verified"], bool):
        raise InvalidError("verified must be true or false.", "/verified")
    return _change_certificate(request, entry)


def _change_certificate(request: ApiRequest, entry: JsonObject | None) -> Reply:
    group = _group(request)
    patch = certificate_patch(_place(request), None)
    emptied = merge_patch(group.body, patch)  # an old certificate's fields must not survive in the new one
    body = merge_patch(emptied, certificate_patch(_place(request), entry)) if entry else emptied
    assert isinstance(body, dict)
    change = Change(Action.PUT, ENROLLMENT_GROUP, group.id, body, if_match=request.if_match or group.etag)
    stored = request.services.changes.apply(request.principal, change).resource
    assert stored is not None
    return _certificate_reply(request, stored) if entry else Reply(204)


def _delete_certificate(request: ApiRequest) -> Reply:
    _stored_certificate(request, _group(request))
    return _change_certificate(request, None)


def _generate_code(request: ApiRequest) -> Reply:
    entry = _stored_certificate(request, _group(request))
    code = new_verification_code(request.services.randomness)
    _change_certificate(request, {**entry, "verificationCode": code})
    return Reply(200, {"verificationCode": code})


def _verify(request: ApiRequest) -> Reply:
    group = _group(request)
    entry = _stored_certificate(request, group)
    check_proof(group.body, _place(request), request.object().get("certificate"))
    kept = {key: value for key, value in entry.items() if key != "verificationCode"}
    _change_certificate(request, {**kept, "verified": True})
    return Reply(204)


_GROUP = "/api/enrollmentGroups/{group}"
_CERTIFICATE = _GROUP + "/certificates/{entry}"

ROUTES = [
    Route("GET", "/api/enrollmentGroups", READ, _list, "List enrollment groups", VERSIONS),
    Route("GET", _GROUP, READ, _get, "Read an enrollment group", VERSIONS),
    Route("PUT", _GROUP, MANAGE, _put, "Create or replace an enrollment group", VERSIONS),
    Route("PATCH", _GROUP, MANAGE, _patch, "Change an enrollment group", VERSIONS, MERGE),
    Route("DELETE", _GROUP, MANAGE, _delete, "Delete an enrollment group", VERSIONS),
    Route("GET", _CERTIFICATE, READ, _get_certificate, "Read a signing certificate", VERSIONS),
    Route("PUT", _CERTIFICATE, MANAGE, _put_certificate, "Set a signing certificate", VERSIONS),
    Route("DELETE", _CERTIFICATE, MANAGE, _delete_certificate, "Remove a signing certificate", VERSIONS),
    Route(
        "POST",
        _CERTIFICATE + "/generateVerificationCode",
        MANAGE,
        _generate_code,
        "Ask the code that proves possession of the CA",
        VERSIONS,
    ),
    Route("POST", _CERTIFICATE + "/verify", MANAGE, _verify, "Prove possession of the CA", VERSIONS),
]
