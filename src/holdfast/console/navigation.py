"""The navigation: by task, and only what the principal may see."""

from typing import NamedTuple

from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal


class Entry(NamedTuple):
    """One page in the navigation."""

    title: str
    path: str
    permission: Permission


class Section(NamedTuple):
    """A group of pages."""

    title: str
    entries: tuple[Entry, ...]


SECTIONS = (
    Section("", (Entry("Overview", "/", Permission.DEVICE_READ),)),
    Section(
        "Devices",
        (
            Entry("Devices", "/devices", Permission.DEVICE_READ),
            Entry("Groups", "/groups", Permission.DEVICE_GROUP_READ),
            Entry("Templates", "/templates", Permission.TEMPLATE_READ),
            Entry("Jobs", "/jobs", Permission.JOB_READ),
            Entry("Enrollment", "/enrollment", Permission.ENROLLMENT_READ),
        ),
    ),
    Section("Data", (Entry("Explorer", "/explorer", Permission.DEVICE_READ),)),
    Section("Security", (Entry("Security baseline", "/baseline", Permission.ASSESSMENT_READ),)),
    Section("Network", (Entry("Network rules", "/network-rules", Permission.NETWORK_READ),)),
    Section(
        "Access",
        (
            Entry("People", "/people", Permission.USER_READ),
            Entry("Roles", "/roles", Permission.ROLE_READ),
            Entry("API tokens", "/tokens", Permission.API_TOKEN_READ),
            Entry("Audit log", "/audit", Permission.AUDIT_READ),
        ),
    ),
)
"""A new page is one entry here and one module in `pages/`."""


def visible(principal: Principal) -> tuple[Section, ...]:
    """The sections with the pages that the principal holds the permission for, anywhere in the tree."""
    return tuple(
        Section(section.title, entries)
        for section in SECTIONS
        if (entries := tuple(e for e in section.entries if principal.reach(e.permission)))
    )
