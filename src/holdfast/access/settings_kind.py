"""The settings of access control as resources."""

from holdfast.access.bodies import read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.people.organizations import path_of
from holdfast.access.roles.custom import find_role
from holdfast.access.settings import APPLICATION, KIND, MINIMUM_RETENTION_DAYS, AccessSettings
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Draft, Kind, Reader


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    asked = read_body(draft.body, AccessSettings)
    if draft.change.id == APPLICATION:
        place = ROOT
        role = asked.support.approver_role
        if role and find_role(reader, role) is None:
            raise AccessInvalidError(f"There is no role “{role}”.", "/support/approverRole")
        if asked.support.enabled and not role:
            raise AccessInvalidError(
                "Support access needs the role whose holders approve it.", "/support/approverRole"
            )
        if 0 < asked.audit.retention_days < MINIMUM_RETENTION_DAYS:
            raise AccessInvalidError(
                f"/audit/retentionDays: at least {MINIMUM_RETENTION_DAYS}, or 0 to keep every record.",
                "/audit/retentionDays",
            )
    else:
        place = path_of(reader, draft.change.id)
        if asked != AccessSettings(local_methods=asked.local_methods):
            raise AccessInvalidError(
                "An organization settles localMethods only; the rest is the application's.", "/"
            )
    if draft.organization != place:
        raise AccessInvalidError(f"These settings live at {place}.")
    return to_body(asked)


ACCESS_SETTINGS = Kind(
    name=KIND,
    read=Permission.ACCESS_READ,
    create=Permission.ACCESS_MANAGE,
    update=Permission.ACCESS_MANAGE,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    policy_type="Holdfast.Access/settings",
)
