"""`/api/baseline/attestations` and `/exemptions`: what people decide, and the files they hand over."""

import base64
import binascii
from functools import partial

from starlette.responses import Response

from holdfast.api.central.common import MERGE
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.baseline.decisions.files import MAXIMUM_BYTES
from holdfast.baseline.decisions.kinds import ATTESTATION_KIND, EXEMPTION_KIND
from holdfast.baseline.service import Baseline
from holdfast.kernel.errors import HoldfastError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Kind, Resource
from holdfast.resources.query import Query

_COLLECTIONS = {"attestations": ATTESTATION_KIND, "exemptions": EXEMPTION_KIND}
_SHOWN_ONLY = ("id", "etag", "given", "givenBy")
MAXIMUM_BODY = 12 * 1024 * 1024
"""A file of evidence in Base64, and the words beside it."""


def _shown(resource: Resource) -> JsonObject:
    return {"id": resource.id, **resource.body, "etag": f'"{resource.etag}"'}


def find_decision(request: ApiRequest, kind: Kind, id_: str) -> Resource:
    """An attestation or exemption. NotFoundError."""
    found = request.services.store.get(kind.name, id_)
    if found is None or not request.principal.allows(kind.read, found.organization):
        raise NotFoundError(f"There is no {kind.name} {id_}.")
    return found


def _list(kind: Kind, request: ApiRequest) -> Reply:
    reach = request.principal.reach(kind.read)
    page = request.services.store.find(Query(kind.name, reach, limit=1_000))
    return Reply(200, {"value": [_shown(item) for item in page.items]})


def _get(kind: Kind, request: ApiRequest) -> Reply:
    return Reply(200, _shown(find_decision(request, kind, request.path["id"])))


def _write(kind: Kind, action: Action, request: ApiRequest) -> Reply:
    body = {name: value for name, value in request.object().items() if name not in _SHOWN_ONLY}
    baseline = request.services.extension(Baseline)
    if kind is ATTESTATION_KIND and "evidenceFile" in body:
        body["evidenceFile"] = _kept(baseline, body["evidenceFile"])
    return Reply(200, _shown(decide(request, Change(action, kind.name, request.path["id"], body))))


def _kept(baseline: Baseline, given: JsonValue) -> JsonValue:
    """The file as the attestation names it: with its content, or one that was handed over before."""
    if not isinstance(given, dict):
        return given
    if "content" not in given:
        return {**given, "size": _size(baseline, str(given.get("digest", "")))}
    try:
        content = base64.b64decode(str(given["content"]), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidError("The content of the file is not Base64.", "/evidenceFile/content") from None
    return keep(baseline, str(given.get("name", "")), content)


def keep(baseline: Baseline, name: str, content: bytes) -> JsonObject:
    """Keep a file, and what an attestation says of it. InvalidError for one that is empty or too large."""
    file = baseline.files.keep(name, content)
    return {"name": file.name, "digest": file.digest, "size": file.size}


def _size(baseline: Baseline, digest: str) -> int:
    try:
        return baseline.files.size(digest)
    except HoldfastError:
        raise InvalidError(
            "No file with this digest was handed over; send its content.", "/evidenceFile"
        ) from None


def decide(request: ApiRequest, change: Change) -> Resource:
    """Make a decision and write it into the evidence."""
    applied = request.services.changes.apply(request.principal, change)
    request.services.extension(Baseline).book.tell_evidence()
    assert applied.resource is not None  # it was written
    return applied.resource


def withdraw(request: ApiRequest, kind: str, id_: str) -> None:
    """Take a decision back, and write that into the evidence."""
    change = Change(Action.DELETE, kind, id_, if_match=request.if_match)
    request.services.changes.apply(request.principal, change)
    request.services.extension(Baseline).book.tell_evidence()


def _delete(kind: Kind, request: ApiRequest) -> Reply:
    withdraw(request, kind.name, request.path["id"])
    return Reply(204)


def _file(request: ApiRequest) -> Response:
    body = find_decision(request, ATTESTATION_KIND, request.path["id"]).body
    file = body.get("evidenceFile")
    if not isinstance(file, dict):
        raise NotFoundError("This attestation has no file; its evidence is a link.")
    content = request.services.extension(Baseline).files.get(str(file["digest"]))
    name = "".join(letter if letter.isalnum() or letter in "._- " else "_" for letter in str(file["name"]))
    headers = {
        "content-disposition": f'attachment; filename="{name.encode("ascii", "replace").decode()}"',
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


def _routes(name: str, kind: Kind) -> list[Route]:
    collection, one = f"/api/baseline/{name}", f"/api/baseline/{name}/{{id}}"
    what = name.removesuffix("s")
    return [
        Route("GET", collection, kind.read, partial(_list, kind), f"List {name}"),
        Route("GET", one, kind.read, partial(_get, kind), f"Read an {what}"),
        Route(
            "PUT",
            one,
            kind.create,
            partial(_write, kind, Action.PUT),
            f"Give an {what}, or give it anew",
            maximum_body=MAXIMUM_BODY,
        ),
        Route(
            "PATCH",
            one,
            kind.update,
            partial(_write, kind, Action.MERGE),
            f"Change an {what}",
            content_types=MERGE,
            maximum_body=MAXIMUM_BODY,
        ),
        Route("DELETE", one, kind.delete, partial(_delete, kind), f"Take an {what} back"),
    ]


assert MAXIMUM_BYTES * 4 // 3 < MAXIMUM_BODY  # a file that may be kept can be sent

ROUTES = [
    *(route for name, kind in _COLLECTIONS.items() for route in _routes(name, kind)),
    Route(
        "GET",
        "/api/baseline/attestations/{id}/evidence",
        Permission.EVIDENCE_READ,
        _file,
        "The file that was handed over with an attestation",
    ),
]
