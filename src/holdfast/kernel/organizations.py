"""The organization tree as paths: `/` is the application, `/north/plant-1/` a node two levels down.

A principal that holds a grant at a node reaches the node and everything below, and nothing beside it; with
paths that is a prefix test, in Python and in SQL alike.
"""

from typing import NamedTuple, NewType

OrganizationPath = NewType("OrganizationPath", str)
"""Starts and ends with `/`; segments are organization ids."""

ROOT = OrganizationPath("/")
"""The application itself."""


def child(parent: OrganizationPath, organization_id: str) -> OrganizationPath:
    """The path of the organization `organization_id` directly below `parent`."""
    return OrganizationPath(f"{parent}{organization_id}/")


def contains(node: OrganizationPath, other: OrganizationPath) -> bool:
    """Whether `other` is `node` or lies below it."""
    return other.startswith(node)


def name(path: OrganizationPath) -> str:
    """The organization's id; empty for the root."""
    return path.rstrip("/").rpartition("/")[2]


def above(path: OrganizationPath) -> OrganizationPath:
    """The path of the organization directly above; the root's own for the root."""
    return OrganizationPath(path.rstrip("/").rpartition("/")[0] + "/")


def site_of(zone: OrganizationPath) -> str:
    """The id of a zone's site: the node above it, or itself directly below the root; empty for the root."""
    return name(above(zone)) or name(zone)


class Move(NamedTuple):
    """An organization that got another place, with everything in it and below it."""

    before: OrganizationPath
    after: OrganizationPath

    def of(self, path: OrganizationPath) -> OrganizationPath:
        """Where `path` is after the move."""
        if not contains(self.before, path):
            return path
        return OrganizationPath(self.after + path[len(self.before) :])
