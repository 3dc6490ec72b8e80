"""Every kind of policy resource."""

from typing import Final

from holdfast.policy.kinds.kinds import (
    POLICY_ASSIGNMENT,
    POLICY_ATTESTATION,
    POLICY_DEFINITION,
    POLICY_DEFINITION_VERSION,
    POLICY_EXEMPTION,
    POLICY_SET_DEFINITION,
    POLICY_SET_DEFINITION_VERSION,
)
from holdfast.policy.remediation.kind import REMEDIATION_KIND

POLICY_KINDS: Final = (
    POLICY_DEFINITION,
    POLICY_SET_DEFINITION,
    POLICY_ASSIGNMENT,
    POLICY_EXEMPTION,
    POLICY_ATTESTATION,
    REMEDIATION_KIND,
)
"""Those that are served as resources of their own."""
VERSION_KINDS: Final = (POLICY_DEFINITION_VERSION, POLICY_SET_DEFINITION_VERSION)
"""Those that are served below what they are versions of."""
