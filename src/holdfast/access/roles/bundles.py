"""Sets of permissions that go together, and permissions that bring others with them."""

from collections.abc import Iterable

from holdfast.kernel.permissions import Permission

ALL = frozenset(Permission)

WHOLE = frozenset(
    {Permission.CERTIFICATE_MANAGE, Permission.CERTIFICATE_READ, Permission.HEALTH_READ}
    | {Permission.KEY_MANAGE, Permission.KEY_READ, Permission.NETWORK_MANAGE, Permission.NETWORK_READ}
    | {Permission.ASSESSMENT_READ, Permission.ASSESSMENT_RUN, Permission.EVIDENCE_READ}
    | {Permission.SETTINGS_MANAGE, Permission.SETTINGS_READ}
)
"""What is about the application as a whole and lies at no organization: held at one, it allows nothing."""

EVERYONE = frozenset({Permission.PROFILE_MANAGE, Permission.ELEVATION_REQUEST})
"""What each person who is signed in may do for themselves."""

BRINGS: dict[Permission, frozenset[Permission]] = {
    Permission.ACCESS_MANAGE: frozenset({Permission.ACCESS_READ}),
    Permission.API_TOKEN_CREATE: frozenset(
        {Permission.API_TOKEN_READ, Permission.ROLE_READ, Permission.ORGANIZATION_READ}
    ),
    Permission.API_TOKEN_DELETE: frozenset({Permission.API_TOKEN_READ}),
    Permission.CERTIFICATE_MANAGE: frozenset({Permission.CERTIFICATE_READ}),
    Permission.CREDENTIAL_RESET: frozenset({Permission.USER_READ}),
    Permission.DEPLOYMENT_MANIFEST_MANAGE: frozenset({Permission.DEPLOYMENT_MANIFEST_READ}),
    Permission.ELEVATION_APPROVE: frozenset({Permission.USER_READ, Permission.ROLE_READ}),
    Permission.ENROLLMENT_MANAGE: frozenset({Permission.ENROLLMENT_READ}),
    Permission.EXPORT_MANAGE: frozenset({Permission.EXPORT_READ}),
    Permission.FILE_UPLOAD_MANAGE: frozenset({Permission.FILE_UPLOAD_READ}),
    Permission.KEY_MANAGE: frozenset({Permission.KEY_READ}),
    Permission.NETWORK_MANAGE: frozenset({Permission.NETWORK_READ}),
    Permission.ORGANIZATION_MANAGE: frozenset({Permission.ORGANIZATION_READ}),
    Permission.REVIEW_DECIDE: frozenset({Permission.USER_READ, Permission.ROLE_READ}),
    Permission.ROLE_MANAGE: frozenset({Permission.ROLE_READ}),
    Permission.RULE_MANAGE: frozenset({Permission.RULE_READ, Permission.TEMPLATE_READ}),
    Permission.SESSION_MANAGE: frozenset({Permission.SESSION_READ}),
    Permission.SETTINGS_MANAGE: frozenset({Permission.SETTINGS_READ}),
    Permission.SUPPORT_APPROVE: frozenset({Permission.ACCESS_READ}),
    Permission.TEMPLATE_MANAGE: frozenset({Permission.TEMPLATE_READ}),
    Permission.USER_CREATE: frozenset(
        {Permission.USER_READ, Permission.ROLE_READ, Permission.ORGANIZATION_READ}
    ),
    Permission.USER_UPDATE: frozenset(
        {Permission.USER_READ, Permission.ROLE_READ, Permission.ORGANIZATION_READ}
    ),
    Permission.USER_DELETE: frozenset({Permission.USER_READ}),
    Permission.DASHBOARD_MANAGE: frozenset({Permission.DASHBOARD_READ}),
    Permission.DEVICE_READ: frozenset({Permission.TEMPLATE_READ, Permission.DEVICE_GROUP_READ}),
    Permission.DEVICE_CREATE: frozenset({Permission.DEVICE_READ}),
    Permission.DEVICE_UPDATE: frozenset({Permission.DEVICE_READ}),
    Permission.DEVICE_DELETE: frozenset({Permission.DEVICE_READ}),
    Permission.DEVICE_COMMAND: frozenset({Permission.DEVICE_UPDATE}),
    Permission.DEVICE_CREDENTIALS: frozenset({Permission.DEVICE_READ}),
    Permission.DEVICE_RAW_DATA: frozenset({Permission.DEVICE_READ}),
    Permission.DEVICE_FILES_READ: frozenset({Permission.DEVICE_READ}),
    Permission.DEVICE_FILES_DELETE: frozenset({Permission.DEVICE_FILES_READ}),
    Permission.DEVICE_GROUP_READ: frozenset({Permission.TEMPLATE_READ}),
    Permission.DEVICE_GROUP_CREATE: frozenset({Permission.DEVICE_GROUP_READ, Permission.DEVICE_READ}),
    Permission.DEVICE_GROUP_UPDATE: frozenset({Permission.DEVICE_GROUP_READ, Permission.DEVICE_READ}),
    Permission.DEVICE_GROUP_DELETE: frozenset({Permission.DEVICE_GROUP_READ}),
    Permission.JOB_CREATE: frozenset({Permission.JOB_READ, Permission.DEVICE_READ}),
    Permission.JOB_UPDATE: frozenset({Permission.JOB_READ, Permission.DEVICE_READ}),
    Permission.JOB_DELETE: frozenset({Permission.JOB_READ}),
    Permission.JOB_EXECUTE: frozenset({Permission.JOB_READ, Permission.DEVICE_COMMAND}),
    Permission.ALERT_MANAGE: frozenset({Permission.ALERT_READ}),
    Permission.ASSET_MANAGE: frozenset({Permission.ASSET_READ}),
    Permission.PACKETS_READ: frozenset({Permission.ALERT_READ, Permission.ASSET_READ}),
    Permission.SENSOR_MANAGE: frozenset({Permission.SENSOR_READ}),
    Permission.ASSESSMENT_RUN: frozenset({Permission.ASSESSMENT_READ}),
    Permission.ATTESTATION_MANAGE: frozenset({Permission.ASSESSMENT_READ, Permission.EVIDENCE_READ}),
    Permission.EVIDENCE_READ: frozenset({Permission.ASSESSMENT_READ}),
    Permission.POLICY_MANAGE: frozenset({Permission.POLICY_READ}),
    Permission.POLICY_REMEDIATE: frozenset({Permission.POLICY_READ}),
    Permission.EXEMPTION_MANAGE: frozenset({Permission.POLICY_READ}),
}
"""What a permission is of no use without, so a role that has the one gets the others."""


def complete(permissions: Iterable[Permission]) -> frozenset[Permission]:
    """The permissions with everything that they bring, and what that brings in turn."""
    result: set[Permission] = set()
    pending = list(permissions)
    while pending:
        permission = pending.pop()
        if permission not in result:
            result.add(permission)
            pending.extend(BRINGS.get(permission, ()))
    return frozenset(result)


READING = frozenset(p for p in Permission if p.endswith(":read"))
"""Every permission that only looks. Raw device data, packets and uploaded files are content, not looking."""
