"""The built-in roles: a table. Custom roles live in the store (`roles.custom`) and look the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from holdfast.access.roles.bundles import ALL, READING, WHOLE, complete
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission


class Scope(StrEnum):
    """Where in the organization tree a role may be assigned. Fixed when the role is made."""

    APPLICATION = "application"
    """At the root only."""
    ORGANIZATION = "organization"
    """At every node but the root."""
    ANYWHERE = "anywhere"
    """At every node: roles of the sensor, whose sites and zones are nodes of the tree."""

    def admits(self, node: OrganizationPath) -> bool:
        """Whether a role of this scope may be assigned at `node`."""
        return self is Scope.ANYWHERE or (self is Scope.APPLICATION) == (node == ROOT)


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions, complete with what they bring."""

    id: str
    name: str
    description: str
    scope: Scope
    permissions: frozenset[Permission]

    def permissions_at(self, node: OrganizationPath) -> frozenset[Permission]:
        """What the role allows where it is assigned."""
        return self.permissions if node == ROOT else self.permissions - WHOLE


def _role(id_: str, name: str, description: str, scope: Scope, permissions: Iterable[Permission]) -> Role:
    return Role(id_, name, description, scope, complete(permissions))


_DEVICES = frozenset(
    {
        Permission.DEVICE_CREATE,
        Permission.DEVICE_UPDATE,
        Permission.DEVICE_DELETE,
        Permission.DEVICE_COMMAND,
        Permission.DEVICE_RAW_DATA,
        Permission.DEVICE_FILES_READ,
        Permission.DEVICE_GROUP_CREATE,
        Permission.DEVICE_GROUP_UPDATE,
        Permission.DEVICE_GROUP_DELETE,
    }
    | {Permission.JOB_CREATE, Permission.JOB_UPDATE, Permission.JOB_DELETE, Permission.JOB_EXECUTE}
)
_SEE_ACCESS = frozenset({Permission.ROLE_READ, Permission.ORGANIZATION_READ})
_MANAGE_PEOPLE = frozenset(
    {
        Permission.USER_CREATE,
        Permission.USER_UPDATE,
        Permission.USER_DELETE,
        Permission.API_TOKEN_CREATE,
        Permission.API_TOKEN_DELETE,
        Permission.ORGANIZATION_MANAGE,
        Permission.CREDENTIAL_RESET,
        Permission.SESSION_MANAGE,
        Permission.REVIEW_DECIDE,
    }
)
_MONITOR = frozenset(
    {Permission.ALERT_READ, Permission.ASSET_READ, Permission.SENSOR_READ, Permission.ORGANIZATION_READ}
)
_AUDIT = (READING | {Permission.ASSESSMENT_RUN}) - {Permission.DEVICE_FILES_READ, Permission.PACKETS_READ}

ADMINISTRATOR = _role(
    "ca310b8d-2f4a-44e0-a36e-957c202cd8d4",
    "Administrator",
    "Everything in the whole application.",
    Scope.APPLICATION,
    ALL,
)
BUILDER = _role(
    "344138e9-8de4-4497-8c54-5237e96d6aaf",
    "Builder",
    "Templates, devices, groups, rules, jobs and dashboards; no people, keys or exports.",
    Scope.APPLICATION,
    _DEVICES
    | {
        Permission.TEMPLATE_MANAGE,
        Permission.RULE_MANAGE,
        Permission.DASHBOARD_MANAGE,
        Permission.ENROLLMENT_READ,
        Permission.DEVICE_FILES_DELETE,
    }
    | {Permission.DEPLOYMENT_MANIFEST_MANAGE, Permission.HEALTH_READ, Permission.ALERT_READ}
    | _SEE_ACCESS,
)
OPERATOR = _role(
    "ae2c9854-393b-4f97-8c42-479d70ce626e",
    "Operator",
    "Runs devices, groups and jobs; changes no template, rule or setting.",
    Scope.APPLICATION,
    _DEVICES
    | {Permission.RULE_READ, Permission.DASHBOARD_READ, Permission.HEALTH_READ, Permission.ALERT_READ}
    | _SEE_ACCESS,
)
ORGANIZATION_ADMINISTRATOR = _role(
    "c495eb57-eb18-489e-9802-62c474e5645c",
    "Org Administrator",
    "Everything in one organization and below it, with its people and API tokens.",
    Scope.ORGANIZATION,
    _DEVICES
    | _MANAGE_PEOPLE
    | {
        Permission.DASHBOARD_MANAGE,
        Permission.DEVICE_CREDENTIALS,
        Permission.DEVICE_FILES_DELETE,
        Permission.ELEVATION_APPROVE,
    }
    | {Permission.ALERT_MANAGE, Permission.ASSET_MANAGE, Permission.SENSOR_READ},
)
ORGANIZATION_OPERATOR = _role(
    "b4935647-30e4-4ed3-9074-dcac66c2f8ef",
    "Org Operator",
    "Runs the devices, groups and jobs of one organization and below it.",
    Scope.ORGANIZATION,
    _DEVICES | {Permission.DASHBOARD_READ, Permission.ALERT_READ} | _SEE_ACCESS,
)
ORGANIZATION_VIEWER = _role(
    "84cc62c1-dabe-49d3-b16e-8b291232b285",
    "Org Viewer",
    "Looks at the devices, groups, jobs and dashboards of one organization and below it.",
    Scope.ORGANIZATION,
    {
        Permission.DEVICE_READ,
        Permission.DEVICE_GROUP_READ,
        Permission.JOB_READ,
        Permission.DASHBOARD_READ,
        Permission.ALERT_READ,
    }
    | _SEE_ACCESS,
)
SENSOR_READER = _role(
    "sensor-read-only",
    "Sensor read-only",
    "Looks at sensors, assets and alerts of a site or zone.",
    Scope.ANYWHERE,
    _MONITOR,
)
SECURITY_ANALYST = _role(
    "sensor-security-analyst",
    "Security analyst",
    "Works on the alerts and assets of a site or zone, with the packets behind them.",
    Scope.ANYWHERE,
    _MONITOR | {Permission.ALERT_MANAGE, Permission.ASSET_MANAGE, Permission.PACKETS_READ},
)
SENSOR_ADMINISTRATOR = _role(
    "sensor-administrator",
    "Sensor administrator",
    "Everything on the sensors of a site or zone.",
    Scope.ANYWHERE,
    _MONITOR
    | {Permission.ALERT_MANAGE, Permission.ASSET_MANAGE, Permission.PACKETS_READ, Permission.SENSOR_MANAGE},
)
AUDITOR = _role(
    "auditor",
    "Auditor",
    "Reads every setting, record and piece of evidence; changes nothing, sees no content of devices.",
    Scope.APPLICATION,
    _AUDIT,
)
SUPPORT_ENGINEER = _role(
    "support-engineer",
    "Support engineer",
    "Nothing but to ask for time-boxed access, which a customer's role has to approve.",
    Scope.APPLICATION,
    {Permission.SUPPORT_REQUEST},
)

BUILT_IN: dict[str, Role] = {
    role.id: role
    for role in (
        ADMINISTRATOR,
        BUILDER,
        OPERATOR,
        ORGANIZATION_ADMINISTRATOR,
        ORGANIZATION_OPERATOR,
        ORGANIZATION_VIEWER,
        SENSOR_READER,
        SECURITY_ANALYST,
        SENSOR_ADMINISTRATOR,
        AUDITOR,
        SUPPORT_ENGINEER,
    )
}
"""Every built-in role by id. The first six ids are those of IoT Central, so scripts that name them work."""
