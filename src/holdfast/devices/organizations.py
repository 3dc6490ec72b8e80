"""Where resources of this package live: the organization that a body names, and the way back."""

from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources.model import Reader

ORGANIZATION = "organization"


def find_organization(reader: Reader, organization_id: str) -> OrganizationPath | None:
    """Where an organization lies; the root for an empty id, None when there is none."""
    if not organization_id:
        return ROOT
    stored = reader.get(ORGANIZATION, organization_id)
    return stored.organization if stored else None
