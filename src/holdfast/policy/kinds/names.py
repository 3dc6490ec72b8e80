"""The kinds of policy resources, and the ids by which documents name them."""

from typing import Final

DEFINITION: Final = "policyDefinition"
INITIATIVE: Final = "policySetDefinition"
ASSIGNMENT: Final = "policyAssignment"
EXEMPTION: Final = "policyExemption"
REMEDIATION: Final = "remediation"
ATTESTATION: Final = "policyAttestation"
DEFINITION_VERSION: Final = "policyDefinitionVersion"
INITIATIVE_VERSION: Final = "policySetDefinitionVersion"
VERSIONS_OF: Final = {DEFINITION: DEFINITION_VERSION, INITIATIVE: INITIATIVE_VERSION}
"""The kind that keeps the other versions of a definition or initiative."""

PROVIDER: Final = "/providers/Microsoft.Authorization"
COLLECTIONS: Final = {
    DEFINITION: "policyDefinitions",
    INITIATIVE: "policySetDefinitions",
    ASSIGNMENT: "policyAssignments",
    EXEMPTION: "policyExemptions",
    REMEDIATION: "remediations",
    ATTESTATION: "attestations",
}
"""What Azure calls the resources of a kind in paths and types."""
IN_FORCE: Final = frozenset(
    {DEFINITION, INITIATIVE, ASSIGNMENT, EXEMPTION, DEFINITION_VERSION, INITIATIVE_VERSION}
)
"""Kinds whose changes change what is enforced."""


def name_in(identifier: str) -> str:
    """The name at the end of an id, in lower case; a name alone is one too."""
    return identifier.rstrip("/").rpartition("/")[2].lower()


def full_id(kind: str, name: str) -> str:
    """The id of a policy resource as published definitions write it."""
    return f"{PROVIDER}/{COLLECTIONS[kind]}/{name}"
