"""The navigation: by task, and only what the principal may see."""

from typing import NamedTuple

from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal


class Entry(NamedTuple):
    """One page in the navigation."""

    title: str
    path: str
    permission: Permission
    key: str = ""
    """Leads here after `g`."""
    words: str = ""
    """What else people call it when they search."""


class Section(NamedTuple):
    """A group of pages."""

    title: str
    entries: tuple[Entry, ...]
    folded: bool = False
    """Closed until somebody opens it, or is on one of its pages."""

    def holds(self, path: str) -> bool:
        """Whether the entry with this path is in the section."""
        return any(entry.path == path for entry in self.entries)


SECTIONS = (
    Section("", (Entry("Overview", "/", Permission.DEVICE_READ, "o"),)),
    Section(
        "Devices",
        (
            Entry("Devices", "/devices", Permission.DEVICE_READ, "d", "fleet, simulated devices, CSV import"),
            Entry("Groups", "/groups", Permission.DEVICE_GROUP_READ),
            Entry("Templates", "/templates", Permission.TEMPLATE_READ),
            Entry("Jobs", "/jobs", Permission.JOB_READ, "j", "scheduled jobs"),
            Entry(
                "Manifests",
                "/manifests",
                Permission.DEPLOYMENT_MANIFEST_READ,
                words="deployment manifests, edge devices, modules",
            ),
            Entry(
                "Enrollment",
                "/enrollment",
                Permission.ENROLLMENT_READ,
                words="provisioning, ID scope, certificate authority, group keys",
            ),
        ),
    ),
    Section(
        "Data",
        (
            Entry("Dashboards", "/dashboards", Permission.DASHBOARD_READ, "h"),
            Entry("Explorer", "/explorer", Permission.DEVICE_READ, "e", "telemetry, charts, compare"),
        ),
    ),
    Section(
        "Network",
        (
            Entry("Assets", "/network/assets", Permission.ASSET_READ, "n"),
            Entry("Map", "/network/map", Permission.ASSET_READ, "m"),
            Entry("Alerts", "/network/alerts", Permission.ALERT_READ, "a"),
            Entry("Timeline", "/network/timeline", Permission.ASSET_READ),
            Entry("Findings", "/network/findings", Permission.ASSET_READ),
            Entry("Data mining", "/network/queries", Permission.ASSET_READ, words="saved queries, reports"),
            Entry("Custom rules", "/network/rules", Permission.ALERT_READ, words="detection, conditions"),
            Entry("Exclusions", "/network/exclusions", Permission.ALERT_READ, words="suppress, hide alerts"),
            Entry("Maintenance", "/network/windows", Permission.ALERT_READ, words="windows, tickets"),
            Entry(
                "Sensors",
                "/network/sensors",
                Permission.SENSOR_READ,
                words="capture, pcap, upload, mirror port",
            ),
        ),
    ),
    Section(
        "Baseline",
        (
            Entry("Controls", "/baseline", Permission.ASSESSMENT_READ, "b"),
            Entry(
                "Policies",
                "/policies",
                Permission.POLICY_READ,
                words="definitions, initiatives, exemptions, remediation",
            ),
        ),
    ),
    Section(
        "Access",
        (
            Entry("People", "/people", Permission.USER_READ, "p"),
            Entry("Roles", "/roles", Permission.ROLE_READ),
            Entry("Organizations", "/access/organizations", Permission.ORGANIZATION_READ),
            Entry("API tokens", "/tokens", Permission.API_TOKEN_READ),
            Entry(
                "Shared access policies",
                "/access/shared-policies",
                Permission.ENROLLMENT_READ,
                words="skn, gateway, keys that sign for every device",
            ),
            Entry("Elevation", "/access/elevation", Permission.ELEVATION_REQUEST),
            Entry("Access reviews", "/access/reviews", Permission.USER_READ),
            Entry("Conditional access", "/access/conditions", Permission.ACCESS_READ),
            Entry("Identity providers", "/access/providers", Permission.ACCESS_READ),
            Entry("Managed identities", "/access/identities", Permission.ACCESS_READ),
            Entry(
                "Local methods",
                "/access/local-methods",
                Permission.ACCESS_READ,
                words="password, passkey, one-time code",
            ),
            Entry("Sessions", "/access/sessions", Permission.PROFILE_MANAGE),
            Entry("Support access", "/access/support", Permission.ACCESS_READ),
            Entry("Ask for support", "/access/support/mine", Permission.SUPPORT_REQUEST),
        ),
        folded=True,
    ),
    Section(
        "Settings",
        (
            Entry(
                "Destinations",
                "/destinations",
                Permission.ALERT_READ,
                words="settings, webhook, e-mail, syslog, SIEM",
            ),
            Entry(
                "Network rules",
                "/network-rules",
                Permission.NETWORK_READ,
                words="settings, firewall, allow list, public access, private networks",
            ),
            Entry(
                "File uploads",
                "/file-uploads",
                Permission.FILE_UPLOAD_READ,
                words="settings, storage account, blobs, container",
            ),
            Entry(
                "Certificates and keys",
                "/access/keys",
                Permission.KEY_READ,
                words="settings, TLS, expiry, root certificate",
            ),
            Entry(
                "Instance settings",
                "/settings",
                Permission.SETTINGS_READ,
                words="retention, limits, ports, addresses, uploads, simulation, logging, configuration",
            ),
            Entry("Audit log", "/audit", Permission.AUDIT_READ, words="who did what, integrity, history"),
        ),
    ),
)
"""A new page is one entry here and one module in `pages/`."""


def visible(principal: Principal) -> tuple[Section, ...]:
    """The sections with the pages that the principal holds the permission for, anywhere in the tree."""
    return tuple(
        section._replace(entries=entries)
        for section in SECTIONS
        if (entries := tuple(e for e in section.entries if principal.reach(e.permission)))
    )


def current(here: str) -> str:
    """The path of the entry that a page belongs to: the longest that leads to it; empty when none does."""
    paths = [entry.path for section in SECTIONS for entry in section.entries]
    found = [path for path in paths if here == path or (path != "/" and here.startswith(f"{path}/"))]
    return max(found, key=len, default="")
