"""Managed identities as resources: what Holdfast calls other services as, without a stored secret.

A user-assigned identity is made by a person and shared by what names it; a system-assigned one belongs to one
resource (`owner`, such as `dataExport/telemetry`), is made with it and refused to everything else. Their
subjects differ in form, so neither can pass for the other.
"""

import re
from typing import Annotated, Literal

from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError, EscalationError
from holdfast.access.people.names import check_name
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import PrincipalKind
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource

KIND = "managedIdentity"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_OWNER = re.compile(r"[A-Za-z]{1,64}/[A-Za-z0-9_.:-]{1,256}\Z")


class ManagedIdentity(Body, frozen=True):
    """The body."""

    display_name: str
    type: Literal["userAssigned", "systemAssigned"] = "userAssigned"
    owner: str = ""
    """`<kind>/<id>` of the resource that a system-assigned identity belongs to."""
    audiences: tuple[Annotated[str, Meta(min_length=1, max_length=1024)], ...] = ()
    """For whom tokens may be made: `api://AzureADTokenExchange`, `sts.amazonaws.com`, a webhook's address."""
    enabled: bool = True


def read_identity(stored: Resource) -> ManagedIdentity:
    """The body of a stored identity."""
    return read_body(stored.body, ManagedIdentity)


def subject(identity_id: str, body: ManagedIdentity) -> str:
    """The `sub` of its tokens, which other services put into their trust policies."""
    return f"resource:{body.owner}" if body.type == "systemAssigned" else f"identity:{identity_id}"


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if _ID.match(draft.change.id) is None:
        raise AccessInvalidError(
            "A managed identity's id has 1 to 64 letters, digits, hyphens and underscores.", "/id"
        )
    asked = read_body(draft.body, ManagedIdentity)
    check_name(asked.display_name, "/displayName")
    if (asked.type == "systemAssigned") != (_OWNER.match(asked.owner) is not None):
        raise AccessInvalidError(
            "/owner names the resource (kind/id) of a system-assigned identity, and only of one.", "/owner"
        )
    if not asked.audiences or len(asked.audiences) > 20:
        raise AccessInvalidError("/audiences: name 1 to 20.", "/audiences")
    return to_body(asked)


def _guard(draft: Draft, _reader: Reader) -> None:
    if draft.change.action is Action.DELETE or draft.principal.kind is PrincipalKind.SYSTEM:
        return
    before = None if draft.before is None else read_identity(draft.before)
    after = read_body(draft.body, ManagedIdentity)
    if after.type == "systemAssigned" and (before is None or before.owner != after.owner):
        raise EscalationError("System-assigned identities are made with the resource that they belong to.")


MANAGED_IDENTITY = Kind(
    name=KIND,
    read=Permission.ACCESS_READ,
    create=Permission.ACCESS_MANAGE,
    update=Permission.ACCESS_MANAGE,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    guard=_guard,
    indexed={"type": IndexType.TEXT, "owner": IndexType.TEXT},
    policy_type="Holdfast.Access/managedIdentities",
)
