"""Who the probes are: API tokens of their own, in organizations of their own, made and taken away here."""

from contextlib import suppress
from typing import Final

from holdfast.access.people.assignments import Assignment
from holdfast.access.people.organizations import KIND as ORGANIZATION
from holdfast.access.people.organizations import put_organization
from holdfast.access.ports import Ports
from holdfast.access.reading import everything
from holdfast.access.roles.builtin import AUDITOR, ORGANIZATION_ADMINISTRATOR, ORGANIZATION_VIEWER
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.access.tokens.secret import new_token, parse_token
from holdfast.access.tokens.service import ApiTokens
from holdfast.baseline.probes.context import PERSONA_PREFIX, Persona
from holdfast.devices.attestation import ATTESTATION
from holdfast.devices.device import DEVICE
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.resources.model import Action, Change, Resource
from holdfast.runtime.drills import BESIDE_ID, ORGANIZATION_ID

LIFETIME: Final = 86_400.0
"""Seconds that tokens are good for; they are renewed at half of it."""
SHORT: Final = 1.0
"""Seconds that the token lives which is to be expired when it is used."""

PRINCIPAL: Final = Principal(
    "baseline", PrincipalKind.PROBE, "baseline probes", (Grant(ROOT, frozenset(Permission)),)
)
"""Makes and removes what probes need, and records what changed."""


class Personas:
    """Hands out the tokens. Blocking; one thread at a time."""

    def __init__(self, ports: Ports, tokens: ApiTokens) -> None:
        self._ports = ports
        self._tokens = tokens
        self._made: dict[Persona, str] = {}
        self._renew_at = 0.0

    def tokens(self) -> dict[Persona, str]:
        """The `Authorization` of each persona. HoldfastError where API tokens are switched off."""
        if self._ports.clock.now() >= self._renew_at:
            self.remove()
            self._make_organizations()
            self._made = self._issue_all()
            self._renew_at = self._ports.clock.now() + LIFETIME / 2
        return dict(self._made)

    def remove(self) -> None:
        """Take away every token and device of the probes, also those that a crash left behind."""
        for token in everything(self._ports.store, API_TOKEN):
            if token.id.startswith(PERSONA_PREFIX):
                self._delete(API_TOKEN, token)
        for kind in (ATTESTATION, DEVICE):
            for resource in everything(self._ports.store, kind):
                if resource.organization == f"/{ORGANIZATION_ID}/":
                    self._delete(kind, resource)
        self._renew_at = 0.0

    def _delete(self, kind: str, resource: Resource) -> None:
        with suppress(HoldfastError):  # somebody else was quicker
            self._ports.changes.apply(PRINCIPAL, Change(Action.DELETE, kind, resource.id))

    def _make_organizations(self) -> None:
        names = {ORGANIZATION_ID: "Baseline probes", BESIDE_ID: "Baseline probes, beside"}
        for id_, name in names.items():
            if self._ports.store.get(ORGANIZATION, id_) is None:
                change = put_organization(self._ports.store, id_, {"displayName": name}, None)
                self._ports.changes.apply(PRINCIPAL, change)

    def _issue_all(self) -> dict[Persona, str]:
        keeper = [Assignment(ORGANIZATION_ADMINISTRATOR.id, ORGANIZATION_ID), Assignment(AUDITOR.id)]
        reader = self._issue("reader", [_VIEWER], LIFETIME)
        return {
            Persona.KEEPER: self._issue("keeper", keeper, LIFETIME),
            Persona.READER: reader,
            Persona.OUTSIDER: self._issue(
                "outsider", [Assignment(ORGANIZATION_VIEWER.id, BESIDE_ID)], LIFETIME
            ),
            Persona.EXPIRED: self._issue("expired", [_VIEWER], SHORT),
            Persona.FOREIGN: self._forged(reader),
        }

    def _issue(self, name: str, roles: list[Assignment], lifetime: float) -> str:
        ports = self._ports
        token_id = f"{PERSONA_PREFIX}{name}-{ports.randomness.bytes(4).hex()}"
        expiry = isoformat(ports.clock.now() + lifetime)
        return self._tokens.issue(PRINCIPAL, token_id, roles, expiry)[1]

    def _forged(self, good: str) -> str:
        """The same token with a secret that this instance never made."""
        token = parse_token(good)
        assert token is not None  # it was issued a moment ago
        return str(new_token(token.application, token.token_id, token.expiry / 1000, self._ports.randomness))


_VIEWER = Assignment(ORGANIZATION_VIEWER.id, ORGANIZATION_ID)
