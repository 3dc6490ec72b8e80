"""The kind `sharedAccessPolicy`: a key that signs for every device of the application.

What IoT Hub calls a shared access policy that may connect devices: a gateway, or the service that hands out
tokens, holds it instead of the devices' own keys. Its id is the name that stands in a token's `skn`. Whoever
has such a key can speak as any device, so there is none until somebody creates one, and it counts for nothing
in organizations where symmetric keys are switched off.
"""

import re
from collections.abc import Mapping

from holdfast.access.reading import everything
from holdfast.devices.attestation import checked_keys, new_key
from holdfast.kernel.clock import Randomness
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.protocol.sas import decode_key
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader

SHARED_ACCESS_POLICY = "sharedAccessPolicy"
RESERVED = "registration"
"""What the SDKs write into `skn` of tokens that a device signed itself."""

_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_KEYS = ("primaryKey", "secondaryKey")
_FIELDS = frozenset({"enabled", *_KEYS})

PolicyKeys = Mapping[str, tuple[bytes, ...]]
"""Name → the keys that sign in it."""


def policy_keys(reader: Reader) -> PolicyKeys:
    """The policies that are enabled."""
    return {
        policy.id: tuple(decode_key(str(policy.body[name])) for name in _KEYS)
        for policy in everything(reader, SHARED_ACCESS_POLICY)
        if policy.body["enabled"]
    }


def completed(body: JsonObject, present: JsonObject | None, randomness: Randomness) -> JsonObject:
    """`body` with both keys: what it has not is as at `present`, else made."""
    kept = present if present is not None else {name: new_key(randomness) for name in _KEYS}
    return {**body, **{name: body.get(name) or kept[name] for name in _KEYS}}


def rotated(body: JsonObject, randomness: Randomness) -> JsonObject:
    """`body` with a new primary key; the former one becomes the secondary."""
    return {**body, "primaryKey": new_key(randomness), "secondaryKey": body["primaryKey"]}


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if _NAME.fullmatch(draft.change.id) is None or draft.change.id == RESERVED:
        raise InvalidError(
            f"A shared access policy's name has 1 to 64 letters, digits and dashes, and is not {RESERVED}.",
            "/id",
        )
    if draft.organization != ROOT:
        raise InvalidError("A shared access policy is for the whole application.", "/organizations")
    body = draft.body
    if unknown := sorted(set(body) - _FIELDS):
        raise InvalidError(f"A shared access policy has no field {unknown[0][:64]}.", f"/{unknown[0][:64]}")
    enabled = body.get("enabled", True)
    if not isinstance(enabled, bool):
        raise InvalidError("/enabled must be true or false.", "/enabled")
    return {"enabled": enabled, **checked_keys(body, "")}


SHARED_ACCESS_POLICY_KIND = Kind(
    name=SHARED_ACCESS_POLICY,
    read=Permission.ENROLLMENT_READ,
    create=Permission.ENROLLMENT_MANAGE,
    update=Permission.ENROLLMENT_MANAGE,
    delete=Permission.ENROLLMENT_MANAGE,
    validate=_validate,
    indexed={"enabled": IndexType.BOOLEAN},
    secrets=frozenset(_KEYS),
    policy_type="Holdfast.Devices/sharedAccessPolicies",
)
