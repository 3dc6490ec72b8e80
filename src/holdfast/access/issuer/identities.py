"""Managed identities: what Holdfast calls other services as, without a stored secret.

A user-assigned identity is a resource that a person makes, and that what calls name by its id. A
system-assigned one is the calling resource itself: it says `system` instead of an id, and the identity lives
and ends with it. Their subjects differ in form, so neither can pass for the other.
"""

import re
from typing import Annotated

from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.people.names import check_name
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Draft, Kind, Reader, Resource

KIND = "managedIdentity"
SYSTEM_ASSIGNED = "system"
"""What a resource names in the place of an identity's id to call as itself."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class ManagedIdentity(Body, frozen=True):
    """The body of a user-assigned one."""

    display_name: str
    audiences: tuple[Annotated[str, Meta(min_length=1, max_length=1024)], ...] = ()
    """For whom tokens may be made: `api://AzureADTokenExchange`, `sts.amazonaws.com`, a webhook's address."""
    enabled: bool = True


def read_identity(stored: Resource) -> ManagedIdentity:
    """The body of a stored identity."""
    return read_body(stored.body, ManagedIdentity)


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if _ID.match(draft.change.id) is None or draft.change.id == SYSTEM_ASSIGNED:
        raise AccessInvalidError(
            f"A managed identity's id has 1 to 64 letters, digits, hyphens and underscores, "
            f"and is not `{SYSTEM_ASSIGNED}`.",
            "/id",
        )
    asked = read_body(draft.body, ManagedIdentity)
    check_name(asked.display_name, "/displayName")
    if not asked.audiences or len(asked.audiences) > 20:
        raise AccessInvalidError("/audiences: name 1 to 20.", "/audiences")
    return to_body(asked)


MANAGED_IDENTITY = Kind(
    name=KIND,
    read=Permission.ACCESS_READ,
    create=Permission.ACCESS_MANAGE,
    update=Permission.ACCESS_MANAGE,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    policy_type="Holdfast.Access/managedIdentities",
)
