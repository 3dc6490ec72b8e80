"""Conditional access policies as resources. Enabling one is refused when it would lock everyone out."""

from holdfast.access.conditional.model import checked_policy
from holdfast.access.errors import AccessInvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Draft, IndexType, Kind, Reader

KIND = "conditionalAccessPolicy"


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.organization != ROOT:
        raise AccessInvalidError("Conditional access policies belong to the application.")
    return checked_policy(draft.body)


CONDITIONAL_ACCESS_POLICY = Kind(
    name=KIND,
    read=Permission.ACCESS_READ,
    create=Permission.ACCESS_MANAGE,
    update=Permission.ACCESS_MANAGE,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    indexed={"displayName": IndexType.TEXT, "state": IndexType.TEXT},
    policy_type="Holdfast.Access/conditionalAccessPolicies",
)
