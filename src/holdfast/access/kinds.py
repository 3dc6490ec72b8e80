"""The kinds of resources that access control brings. A new kind is one entry here."""

from dataclasses import replace

from holdfast.access.application import APPLICATION_KIND
from holdfast.access.conditional.kind import CONDITIONAL_ACCESS_POLICY
from holdfast.access.conditional.risk import RISK_SIGNAL
from holdfast.access.elevation.eligible import ELIGIBLE_ASSIGNMENT
from holdfast.access.elevation.requests import ELEVATION
from holdfast.access.issuer.identities import MANAGED_IDENTITY
from holdfast.access.issuer.keys import ISSUER_KEY
from holdfast.access.local.credentials import CREDENTIAL
from holdfast.access.local.links import SIGN_IN_LINK
from holdfast.access.lockout import keep_somebody_in
from holdfast.access.oidc.identities import FEDERATED_IDENTITY
from holdfast.access.oidc.providers import IDENTITY_PROVIDER
from holdfast.access.people.organizations import ORGANIZATION
from holdfast.access.people.users import USER
from holdfast.access.reviews.reviews import ACCESS_REVIEW
from holdfast.access.roles.custom import ROLE
from holdfast.access.sessions.kind import SESSION
from holdfast.access.settings_kind import ACCESS_SETTINGS
from holdfast.access.support.requests import SUPPORT_REQUEST
from holdfast.access.tokens.kind import API_TOKEN
from holdfast.resources.model import Draft, Kind, Reader


def _keeping_somebody_in(kind: Kind) -> Kind:
    """The kind, whose changes are refused as well when they would lock everybody out."""

    def guard(draft: Draft, reader: Reader) -> None:
        if kind.guard is not None:
            kind.guard(draft, reader)
        keep_somebody_in(draft, reader)

    return replace(kind, guard=guard)


ACCESS_KINDS: tuple[Kind, ...] = (
    APPLICATION_KIND,
    ORGANIZATION,
    ROLE,
    API_TOKEN,
    SESSION,
    SIGN_IN_LINK,
    ELEVATION,
    SUPPORT_REQUEST,
    ACCESS_REVIEW,
    RISK_SIGNAL,
    MANAGED_IDENTITY,
    ISSUER_KEY,
    *map(
        _keeping_somebody_in,
        (
            USER,
            CREDENTIAL,
            FEDERATED_IDENTITY,
            IDENTITY_PROVIDER,
            ACCESS_SETTINGS,
            CONDITIONAL_ACCESS_POLICY,
            ELIGIBLE_ASSIGNMENT,
        ),
    ),
)
