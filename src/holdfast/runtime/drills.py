"""What belongs to the baseline's probes: told from what people do, kept out of what they see, and reserved.

Probes do wrong on purpose, in organizations and with API tokens of their own. Nothing there is alarming, and
no policy says how it should be; so nobody else may put anything there, or it would hide.
"""

import hashlib
from typing import Final

from holdfast.access.people.organizations import KIND as ORGANIZATION
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.baseline.probes.context import PERSONA_PREFIX, is_persona
from holdfast.kernel.clock import Randomness
from holdfast.kernel.errors import ForbiddenError
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.principal import Principal, PrincipalKind
from holdfast.policy.types.documents import PolicyDocument
from holdfast.resources.authorize import GrantAuthorizer
from holdfast.resources.model import Action, Draft, Event, Kind

ORGANIZATION_ID: Final = "baseline-probes"
BESIDE_ID: Final = "baseline-probes-beside"
_ORGANIZATIONS: Final = (f"/{ORGANIZATION_ID}/", f"/{BESIDE_ID}/")

_PEOPLE: Final = frozenset({PrincipalKind.USER, PrincipalKind.SERVICE_PRINCIPAL, PrincipalKind.API_TOKEN})
"""Who acts for somebody, as opposed to the product and to devices."""
_PUTTING: Final = frozenset({Action.CREATE, Action.PUT, Action.MERGE})


def is_of_probes(event: Event, network: str = "") -> bool:
    """Whether the probes themselves did it, so that it is no reason to probe again, nor to be alarmed.

    `network` is the `probes_network` of the instance: what is refused there has no principal.
    """
    return (
        event.actor_kind == PrincipalKind.PROBE
        or is_persona(event.actor_kind, event.actor)
        or event.organization.startswith(_ORGANIZATIONS)
        or bool(network and event.address.startswith(network))
    )


def is_drill(document: PolicyDocument) -> bool:
    """Whether what policies would judge is the probes' own."""
    return _is_theirs(document.kind, document.name, document.organization)


def _is_theirs(kind: str, name: str, organization: OrganizationPath) -> bool:
    return (
        organization.startswith(_ORGANIZATIONS)
        or (kind == API_TOKEN and name.startswith(PERSONA_PREFIX))
        or (kind == ORGANIZATION and name in (ORGANIZATION_ID, BESIDE_ID))
    )


class ProbesAuthorizer(GrantAuthorizer):
    """The default authorizer, except that what is the probes' own is made and changed by them alone.

    Whoever may can remove it.
    """

    def check(self, principal: Principal, kind: Kind, draft: Draft) -> None:
        """See `resources.port.Authorizer`."""
        super().check(principal, kind, draft)
        if (
            draft.change.action in _PUTTING
            and _is_theirs(kind.name, draft.change.id, draft.organization)
            and principal.kind in _PEOPLE
            and not is_persona(principal.kind, principal.id)
        ):
            raise ForbiddenError(
                f"The organizations {ORGANIZATION_ID} and {BESIDE_ID} and API tokens called {PERSONA_PREFIX}…"
                " belong to the baseline's probes; choose another place or name."
            )


def probes_network(application: str) -> str:
    """Where the probes of an instance come from: the beginning `127.x.` of addresses, x from 128 to 253.

    Only this machine can send from there. Those of drills begin below, so a drill's own detections see them.
    """
    return f"127.{128 + hashlib.sha256(application.encode()).digest()[0] % 126}."


def probes_address(application: str, randomness: Randomness) -> str:
    """An address for one run of the probes, so that lock-outs of an earlier run do not concern it."""
    third, fourth = randomness.bytes(2)
    return f"{probes_network(application)}{third}.{1 + fourth % 254}"
