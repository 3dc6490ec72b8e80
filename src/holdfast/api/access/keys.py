"""`/api/access/keys`: every key and certificate of the instance with its validity, and never a key."""

from collections.abc import Iterator

from holdfast.access.issuer.keys import stored_keys
from holdfast.access.reading import pages
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.certificates import parse_pem
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP, PLACES
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.resources.query import Compare, Operator, Query
from holdfast.vault.validity import Held, InstanceKeys, Renewal, of_certificate


def held_keys(request: ApiRequest) -> list[Held]:
    """The instance's own, the issuer's, and certificates of enrollment groups that the principal may see."""
    store = request.services.store
    issuer = [
        Held(
            "issuerKey",
            "Tokens of managed identities",
            key.id,
            key.body.signs_from,
            key.body.signs_until,
            Renewal.ITSELF,
        )
        for key in stored_keys(store)
    ]
    reach = request.principal.reach(Permission.ENROLLMENT_READ)
    of_authority = Compare("attestation.type", Operator.EQUAL, "x509")
    groups = pages(store, Query(ENROLLMENT_GROUP, reach, of_authority)) if reach else ()
    enrollment = [held for group in groups for held in _of_group(group)]
    return [*request.services.extension(InstanceKeys).held(), *issuer, *enrollment]


def _of_group(group: Resource) -> Iterator[Held]:
    attestation = group.body["attestation"]
    assert isinstance(attestation, dict)  # as its kind has validated it
    outer = attestation["x509"]
    given = outer["signingCertificates"] if isinstance(outer, dict) else None
    for place in PLACES:
        entry = given.get(place) if isinstance(given, dict) else None
        if isinstance(entry, dict):
            certificate = parse_pem(entry["certificate"], place)
            name = f"Devices of “{group.body['displayName']}”, {place}"
            subject = certificate.subject.rfc4514_string()
            yield of_certificate("enrollmentCertificate", name, subject, certificate, Renewal.OPERATOR)


def _shown(held: Held) -> JsonObject:
    return {
        "kind": held.kind,
        "name": held.name,
        "detail": held.detail,
        "since": isoformat(held.since),
        "until": isoformat(held.until) if held.until else None,
        "renewedBy": held.renewal.value,
    }


def _list(request: ApiRequest) -> Reply:
    return Reply(200, {"value": [_shown(each) for each in held_keys(request)]})


ROUTES = [
    Route(
        "GET",
        "/api/access/keys",
        Permission.KEY_READ,
        _list,
        "List keys and certificates with their validity",
    ),
]
