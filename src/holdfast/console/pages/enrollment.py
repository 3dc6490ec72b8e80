"""Enrollment: the groups, and the page of one with its keys, or its CAs and the proof of possession."""

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.console.tables import Cell, Column, ResourceTable, name_column
from holdfast.devices.attestation import new_key, with_keys
from holdfast.devices.enrollment_group import (
    ENROLLMENT_GROUP,
    PLACES,
    certificate_patch,
    check_proof,
    new_verification_code,
    signing_certificate,
)
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ, MANAGE = Permission.ENROLLMENT_READ, Permission.ENROLLMENT_MANAGE


def _kind(group: Resource) -> str:
    attestation = group.body["attestation"]
    return str(attestation["type"]) if isinstance(attestation, dict) else ""


PROOFS = {"symmetricKey": "keys", "x509": "certificates"}
TYPES = {"iot": "devices", "iotEdge": "edge devices"}

TABLE = ResourceTable(
    id="enrollment-groups",
    title="Enrollment groups",
    kind=ENROLLMENT_GROUP,
    permission=READ,
    columns=(
        name_column("enrollment"),
        Column(
            "proof",
            "Devices prove themselves by",
            lambda g: Cell(PROOFS.get(_kind(g), _kind(g))),
            "attestation.type",
        ),
        Column("type", "For", lambda g: Cell(TYPES.get(str(g.body["type"]), g.body["type"])), "type"),
        Column(
            "enabled",
            "State",
            lambda g: (
                Cell("enabled", "state", mood="good") if g.body["enabled"] else Cell("disabled", "state")
            ),
            "enabled",
        ),
        Column("approval", "Approves by itself", lambda g: Cell(g.body["autoApprove"])),
    ),
    search=("displayName",),
    empty="There is no group. Make one, or devices can only come with an enrollment of their own.",
)


def _list(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    may_manage = request.principal.allows(MANAGE)
    table = TABLE.show(request)
    return page(
        request, "enrollment.html", status=status, table=table, problem=problem, may_manage=may_manage
    )


def _create(request: ApiRequest) -> Response:
    fields = read_form(request)
    kind = fields.get("proof", "symmetricKey")
    attestation = with_keys({"type": kind}, request.services.randomness)
    body: JsonObject = {"displayName": fields.get("name", ""), "type": "iot", "attestation": attestation}
    group = fields.get("id", "").strip()
    try:
        change = Change(Action.CREATE, ENROLLMENT_GROUP, group, body)
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _list(request, str(error), error.status)
    return redirect(page_of("enrollment", group))


def _group(request: ApiRequest) -> Resource:
    return visible(request, ENROLLMENT_GROUP, request.path["group"], READ)


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    group = _group(request)
    return page(
        request,
        "enrollment_group.html",
        status=status,
        problem=problem,
        group=group,
        kind=_kind(group),
        address=page_of("enrollment", group.id),
        certificates=[(place, signing_certificate(group.body, place)) for place in PLACES],
        scope=request.services.id_scope,
        host=request.services.host,
        may_manage=request.principal.allows(MANAGE),
    )


def _keys(request: ApiRequest) -> Response:
    """The group's keys, to whom the API shows them too; the audit log says who looked."""
    group = _group(request)
    request.services.changes.record(request.principal, "enrollmentGroup.keys-read", resource=group.id)
    attestation = group.body["attestation"]
    keys = attestation.get("symmetricKey") if isinstance(attestation, dict) else None
    return page(
        request,
        "enrollment_keys.html",
        group=group,
        keys=keys or {},
        places=PLACES,
        address=page_of("enrollment", group.id),
        may_manage=request.principal.allows(MANAGE),
    )


def _patch_for(request: ApiRequest, group: Resource, fields: dict[str, str]) -> JsonObject:
    match fields.get("action"):
        case "enable" | "disable" as action:
            return {"enabled": action == "enable"}
        case "approval":
            return {"autoApprove": fields.get("automatic") == "yes"}
        case "renew":
            name = f"{_place(fields)}Key"
            return {"attestation": {"symmetricKey": {name: new_key(request.services.randomness)}}}
        case "certificate":
            given = fields.get("certificate", "")
            entry: JsonObject = {"certificate": given, "verified": False, "verificationCode": None}
            return certificate_patch(_place(fields), entry)
        case "remove":
            return certificate_patch(_place(fields), None)
        case "code":
            code = new_verification_code(request.services.randomness)
            return certificate_patch(_place(fields), {"verificationCode": code})
        case "verify":
            check_proof(group.body, _place(fields), fields.get("certificate", ""))
            return certificate_patch(_place(fields), {"verified": True, "verificationCode": None})
    raise InvalidError("The page does not know this action; load it again.")


def _place(fields: dict[str, str]) -> str:
    place = fields.get("place", "")
    if place not in PLACES:
        raise InvalidError("A group has a primary and a secondary; load the page again.")
    return place


def _change(request: ApiRequest) -> Response:
    group, fields = _group(request), read_form(request)
    try:
        change = Change(Action.MERGE, ENROLLMENT_GROUP, group.id, _patch_for(request, group, fields))
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _page(request, str(error), error.status)
    return redirect(page_of("enrollment", group.id) + ("/keys" if fields["action"] == "renew" else ""))


def _delete(request: ApiRequest) -> Response:
    group = _group(request)
    read_form(request)
    request.services.changes.apply(request.principal, Change(Action.DELETE, ENROLLMENT_GROUP, group.id))
    return redirect("/enrollment")


_GROUP = "/enrollment/{group}"

ROUTES = [
    Route("GET", "/enrollment", READ, _list, "Enrollment groups", is_page=True),
    Route("POST", "/enrollment", MANAGE, _create, "Create a group", content_types=FORM, is_page=True),
    Route("GET", _GROUP, READ, _page, "Enrollment group", is_page=True),
    Route("GET", f"{_GROUP}/keys", READ, _keys, "Keys of a group", is_page=True),
    Route("POST", _GROUP, MANAGE, _change, "Change a group", content_types=FORM, is_page=True),
    Route("POST", f"{_GROUP}/delete", MANAGE, _delete, "Delete a group", content_types=FORM, is_page=True),
]
