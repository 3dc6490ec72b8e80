"""What is known of devices beyond their configuration: how they prove who they are, when they last spoke."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from holdfast.access.reading import pages
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.policy.compliance.inventory import Facts
from holdfast.resources.model import Reader, Resource
from holdfast.resources.query import In, Query

LastSeen = Callable[[Sequence[str]], Mapping[str, float]]
"""When devices last said something, in Unix seconds, by id; those that never did are absent."""
_AT_ONCE = 250
"""Names in one search, which has at most `resources.conditions.MAXIMUM_CONDITIONS` conditions."""
_NAMES = {"symmetricKey": "sas", "x509": "x509"}


def device_facts(reader: Reader, last_seen: LastSeen) -> Facts:
    """The properties `authentication` and `lastActivity` of the type `Holdfast.Devices/devices`."""

    def facts(devices: Sequence[Resource]) -> Mapping[str, JsonObject]:
        seen = last_seen([device.id for device in devices])
        proofs = _proofs(reader, devices)
        return {
            device.id: {
                **({"authentication": proofs[device.id]} if device.id in proofs else {}),
                **({"lastActivity": isoformat(seen[device.id])} if device.id in seen else {}),
            }
            for device in devices
        }

    return facts


def _proofs(reader: Reader, devices: Sequence[Resource]) -> dict[str, str]:
    """How each device proves who it is: an individual enrollment goes before its group's."""
    individual = _types(reader, "deviceAttestation", [device.id for device in devices])
    names = sorted({str(device.body["group"]) for device in devices if device.body.get("group")})
    groups = _types(reader, "enrollmentGroup", names)
    found = (
        (each.id, individual.get(each.id) or groups.get(str(each.body.get("group")))) for each in devices
    )
    return {name: _NAMES[kind] for name, kind in found if kind in _NAMES}


def _types(reader: Reader, kind: str, names: Sequence[str]) -> dict[str, str]:
    parts = (tuple(names[start : start + _AT_ONCE]) for start in range(0, len(names), _AT_ONCE))
    found = (pages(reader, Query(kind, (ROOT,), In("@id", part), limit=_AT_ONCE)) for part in parts)
    return {each.id: _type_of(each.body) for each in chain.from_iterable(found)}


def _type_of(body: JsonObject) -> str:
    """The type of an attestation, which is the body of an individual enrollment and part of a group's."""
    attestation = body.get("attestation", body)
    return str(attestation.get("type")) if isinstance(attestation, dict) else ""
