"""The kind `enrollmentGroup`: devices admitted by keys derived from the group's, or by a CA that is verified.

A CA admits nobody until its owner has proved to hold its key: ask a verification code, have the CA sign a
certificate with that code as common name, hand it in (`verified_by`).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from holdfast.devices.attestation import checked_keys, keys_of
from holdfast.devices.certificates import information, is_authority, parse_pem, to_pem
from holdfast.kernel.clock import Randomness
from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.protocol.x509 import common_name
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource

ENROLLMENT_GROUP = "enrollmentGroup"
DEFAULT_SAS_GROUP = "SAS-IoT-Devices"
"""The group whose derived keys a device has that was created by hand; made at the first start."""

PLACES = ("primary", "secondary")
_ID = re.compile(r"[A-Za-z0-9-]{1,255}")
_MAXIMUM_REVOKED = 10_000
_FIELDS = frozenset(
    {"displayName", "enabled", "type", "attestation", "autoApprove", "organization", "template"}
)


def _signing_certificate(value: JsonValue, field: str) -> JsonObject:
    if not isinstance(value, dict):
        raise InvalidError(f"{field} must be an object with a certificate.", field)
    certificate = parse_pem(value.get("certificate"), f"{field}/certificate")
    if not is_authority(certificate):
        raise InvalidError(
            f"{field}/certificate is not a CA (its basic constraints do not say so).", f"{field}/certificate"
        )
    code = value.get("verificationCode")
    kept: JsonObject = {"verificationCode": code} if isinstance(code, str) and code else {}
    return {
        "certificate": to_pem(certificate),
        "verified": value.get("verified") is True,
        "info": information(certificate),
        **kept,
    }


def _revoked(value: JsonValue, field: str) -> list[JsonValue]:
    serials = value or []
    if not isinstance(serials, list) or len(serials) > _MAXIMUM_REVOKED:
        raise InvalidError(f"{field} must be a list of at most {_MAXIMUM_REVOKED} serial numbers.", field)
    try:
        return [f"{int(str(serial), 16):x}" for serial in serials]
    except ValueError:
        raise InvalidError(f"{field} must hold serial numbers in hexadecimal.", field) from None


def _attestation(value: JsonValue) -> JsonObject:
    field = "/attestation"
    if not isinstance(value, dict):
        raise InvalidError(f"{field} must be an object with a type.", field)
    if value.get("type") == "symmetricKey":
        keys = checked_keys(value.get("symmetricKey"), f"{field}/symmetricKey")
        return {"type": "symmetricKey", "symmetricKey": keys}
    if value.get("type") == "x509":
        outer = value.get("x509")
        given = outer.get("signingCertificates") if isinstance(outer, dict) else None
        certificates: JsonObject = {
            place: _signing_certificate(given[place], f"{field}/x509/signingCertificates/{place}")
            for place in PLACES
            if isinstance(given, dict) and given.get(place) is not None
        }
        revoked = outer.get("revokedSerials") if isinstance(outer, dict) else None
        return {
            "type": "x509",
            "x509": {
                "signingCertificates": certificates,
                "revokedSerials": _revoked(revoked, f"{field}/x509/revokedSerials"),
            },
        }
    raise InvalidError(f"{field}/type must be symmetricKey or x509.", f"{field}/type")


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if not _ID.fullmatch(draft.change.id):
        raise InvalidError("An enrollment group's id has 1 to 255 letters, digits and dashes.", "/id")
    body = draft.body
    if unknown := sorted(set(body) - _FIELDS):
        raise InvalidError(f"An enrollment group has no field {unknown[0]}.", f"/{unknown[0]}")
    name = body.get("displayName")
    if not isinstance(name, str) or not 1 <= len(name) <= 255:
        raise InvalidError("/displayName must be a text of 1 to 255 characters.", "/displayName")
    if body.get("type") not in ("iot", "iotEdge"):
        raise InvalidError("/type must be iot or iotEdge.", "/type")
    flags: JsonObject = {"enabled": body.get("enabled", True), "autoApprove": body.get("autoApprove", True)}
    for flag, value in flags.items():
        if not isinstance(value, bool):
            raise InvalidError(f"/{flag} must be true or false.", f"/{flag}")
    attestation = _attestation(body.get("attestation"))
    if draft.before is not None and _type(draft.before.body) != attestation["type"]:
        raise ConflictError("The attestation type of a group is fixed; make another group instead.")
    template = body.get("template") or ""
    if template and reader.get("deviceTemplate", str(template)) is None:
        raise InvalidError(f"There is no device template {template}.", "/template")
    return {
        "displayName": name,
        "type": body["type"],
        **flags,
        "attestation": attestation,
        "organization": str(body.get("organization") or ""),
        "template": str(template),
    }


def _type(body: JsonObject) -> str:
    attestation = body.get("attestation")
    return str(attestation.get("type")) if isinstance(attestation, dict) else ""


ENROLLMENT_GROUP_KIND = Kind(
    name=ENROLLMENT_GROUP,
    read=Permission.ENROLLMENT_READ,
    create=Permission.ENROLLMENT_MANAGE,
    update=Permission.ENROLLMENT_MANAGE,
    delete=Permission.ENROLLMENT_MANAGE,
    validate=_validate,
    indexed={
        "displayName": IndexType.TEXT,
        "enabled": IndexType.BOOLEAN,
        "type": IndexType.TEXT,
        "attestation.type": IndexType.TEXT,
    },
    secrets=frozenset(
        {
            "attestation.symmetricKey.primaryKey",
            "attestation.symmetricKey.secondaryKey",
            "attestation.x509.signingCertificates.*.verificationCode",
        }
    ),
    policy_type="Holdfast.Devices/enrollmentGroups",
)


class Group(NamedTuple):
    """A group as provisioning reads it."""

    id: str
    enabled: bool
    auto_approve: bool
    edge: bool
    organization: str
    template: str
    keys: tuple[bytes, ...]
    authorities: tuple[x509.Certificate, ...]
    """Verified CAs only."""
    revoked: frozenset[int]


def read_group(resource: Resource) -> Group:
    """The stored resource in provisioning's terms."""
    body = resource.body
    attestation = body.get("attestation")
    outer = attestation.get("x509") if isinstance(attestation, dict) else None
    revoked = outer.get("revokedSerials") if isinstance(outer, dict) else None
    return Group(
        id=resource.id,
        enabled=body.get("enabled") is True,
        auto_approve=body.get("autoApprove") is True,
        edge=body.get("type") == "iotEdge",
        organization=str(body.get("organization") or ""),
        template=str(body.get("template") or ""),
        keys=keys_of(attestation),
        authorities=tuple(_verified(body)),
        revoked=frozenset(int(str(s), 16) for s in revoked) if isinstance(revoked, list) else frozenset(),
    )


def signing_certificate(body: JsonObject, place: str) -> JsonObject | None:
    """The stored certificate entry at `primary` or `secondary`, None when there is none."""
    value: JsonValue = body
    for key in ("attestation", "x509", "signingCertificates", place):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None


def _verified(body: JsonObject) -> Iterator[x509.Certificate]:
    for place in PLACES:
        entry = signing_certificate(body, place)
        if entry is not None and entry.get("verified") is True:
            yield parse_pem(entry["certificate"], place)


def certificate_patch(place: str, entry: JsonValue) -> JsonObject:
    """The merge patch that sets (or with None removes) one signing certificate."""
    return {"attestation": {"x509": {"signingCertificates": {place: entry}}}}


def new_verification_code(randomness: Randomness) -> str:
    """A code that fits a common name: 40 hexadecimal digits."""
    return randomness.bytes(20).hex().upper()


def check_proof(body: JsonObject, place: str, proof_pem: JsonValue) -> None:
    """That `proof_pem` is signed by the CA at `place` and carries its code. InvalidError when it is not."""
    entry = signing_certificate(body, place)
    if entry is None:
        raise NotFoundError(f"The group has no {place} certificate; set one first.")
    code = entry.get("verificationCode")
    if not code:
        raise ConflictError("Ask for a verification code first; each code is good for one proof.")
    proof = parse_pem(proof_pem, "/certificate")
    if common_name(proof) != code:
        raise InvalidError("The certificate's common name is not the verification code.", "/certificate")
    try:
        proof.verify_directly_issued_by(parse_pem(entry["certificate"], "/certificate"))
    except (InvalidSignature, ValueError, TypeError):
        raise InvalidError("The certificate was not signed by the group's CA.", "/certificate") from None
