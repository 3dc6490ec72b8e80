"""How devices prove who they are, as bodies have it: keys of a group or device, certificates of a device.

The kind `deviceAttestation` is an individual enrollment; its id is the device's. It wins over every group.
"""

import base64

from holdfast.devices.certificates import information, parse_pem, to_pem
from holdfast.kernel.clock import Randomness
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.protocol.sas import SasError, decode_key
from holdfast.resources.model import Action, Draft, Kind, Reader

ATTESTATION = "deviceAttestation"

KEY_BYTES = 64
"""Length of keys made here: the most that the provisioning service takes."""
_PLACES = ("primary", "secondary")
_FIELDS = frozenset({"type", "symmetricKey", "x509", "tpm", "etag"})


def new_key(randomness: Randomness) -> str:
    """A fresh symmetric key as base64."""
    return base64.b64encode(randomness.bytes(KEY_BYTES)).decode()


def with_keys(attestation: JsonObject, randomness: Randomness) -> JsonObject:
    """The attestation with keys made where a symmetric key is asked for and none is given."""
    if attestation.get("type") != "symmetricKey":
        return attestation
    given = attestation.get("symmetricKey")
    keys = dict(given) if isinstance(given, dict) else {}
    for name in ("primaryKey", "secondaryKey"):
        keys[name] = keys.get(name) or new_key(randomness)
    return {**attestation, "symmetricKey": keys}


def checked_keys(value: JsonValue, field: str) -> JsonObject:
    """`{primaryKey, secondaryKey}`, each base64 of 16 to 64 bytes."""
    if not isinstance(value, dict):
        raise InvalidError(f"{field} must be an object with primaryKey and secondaryKey.", field)
    for name in ("primaryKey", "secondaryKey"):
        try:
            decode_key(str(value.get(name, "")))
        except SasError as error:
            raise InvalidError(f"{field}/{name}: {error}", f"{field}/{name}") from None
    return {"primaryKey": value["primaryKey"], "secondaryKey": value["secondaryKey"]}


def keys_of(attestation: JsonValue) -> tuple[bytes, ...]:
    """The decoded keys of a validated symmetric attestation; none for another type."""
    keys = attestation.get("symmetricKey") if isinstance(attestation, dict) else None
    if not isinstance(keys, dict):
        return ()
    return tuple(decode_key(str(keys[name])) for name in ("primaryKey", "secondaryKey"))


def _certificate(value: JsonValue, field: str) -> JsonObject:
    if not isinstance(value, dict):
        raise InvalidError(f"{field} must be an object with a certificate.", field)
    if "certificate" in value:
        certificate = parse_pem(value["certificate"], f"{field}/certificate")
        return {"certificate": to_pem(certificate), "info": information(certificate)}
    # A thumbprint alone is what people who leave the hosted service bring: it shows nothing else.
    info = value.get("info")
    thumbprint = str(info.get("sha1Thumbprint", "")) if isinstance(info, dict) else ""
    normalized = thumbprint.replace(":", "").upper()
    if len(normalized) not in (40, 64) or not all(c in "0123456789ABCDEF" for c in normalized):
        raise InvalidError(f"{field} needs a certificate, or the thumbprint of one in info.", field)
    return {"info": {"sha1Thumbprint" if len(normalized) == 40 else "sha256Thumbprint": normalized}}


def thumbprints_of(attestation: JsonValue) -> tuple[str, ...]:
    """Lower-case thumbprints that an individual X.509 attestation accepts."""
    x509 = attestation.get("x509") if isinstance(attestation, dict) else None
    certificates = x509.get("clientCertificates") if isinstance(x509, dict) else None
    found: list[str] = []
    for place in _PLACES:
        entry = certificates.get(place) if isinstance(certificates, dict) else None
        info = entry.get("info") if isinstance(entry, dict) else None
        if isinstance(info, dict):
            wanted = info.get("sha256Thumbprint") or info.get("sha1Thumbprint")
            found.append(str(wanted).lower())
    return tuple(found)


def checked_attestation(value: JsonObject) -> JsonObject:
    """An individual attestation, checked and normalized."""
    if unknown := sorted(set(value) - _FIELDS):
        raise InvalidError(f"An attestation has no field {unknown[0][:64]}.", f"/{unknown[0][:64]}")
    kind = value.get("type")
    if kind == "symmetricKey":
        return {"type": kind, "symmetricKey": checked_keys(value.get("symmetricKey"), "/symmetricKey")}
    if kind == "x509":
        x509 = value.get("x509")
        given = x509.get("clientCertificates") if isinstance(x509, dict) else None
        if not isinstance(given, dict) or "primary" not in given:
            field = "/x509/clientCertificates"
            raise InvalidError(f"{field} must have a primary certificate.", field)
        certificates: JsonObject = {
            place: _certificate(given[place], f"/x509/clientCertificates/{place}")
            for place in _PLACES
            if given.get(place) is not None
        }
        return {"type": kind, "x509": {"clientCertificates": certificates}}
    if kind == "tpm":
        tpm = value.get("tpm")
        key = tpm.get("endorsementKey") if isinstance(tpm, dict) else None
        if not isinstance(key, str) or not key:
            raise InvalidError("/tpm/endorsementKey must be a base64 text.", "/tpm/endorsementKey")
        return {"type": kind, "tpm": {"endorsementKey": key}}
    raise InvalidError("/type must be symmetricKey, x509 or tpm.", "/type")


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if reader.get("device", draft.change.id) is None:
        raise InvalidError(f"There is no device {draft.change.id}; create it first.", "/id")
    return checked_attestation(draft.body)


ATTESTATION_KIND = Kind(
    name=ATTESTATION,
    read=Permission.DEVICE_CREDENTIALS,
    create=Permission.DEVICE_UPDATE,
    update=Permission.DEVICE_UPDATE,
    delete=Permission.DEVICE_UPDATE,
    validate=_validate,
    secrets=frozenset({"symmetricKey.primaryKey", "symmetricKey.secondaryKey"}),
    policy_type="Holdfast.Devices/attestations",
)
