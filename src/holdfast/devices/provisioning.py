"""The provisioning service: judges a registration attempt, and makes or renews the device.

The order is DPS's: the individual enrollment wins over any group; of groups with certificates the one whose
CA is nearest to the leaf; then groups with keys. A disabled enrollment stops the search. Whoever proves
nothing learns nothing: every refusal before the proof has the same code and message.
"""

from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from holdfast.devices.attestation import ATTESTATION, keys_of, thumbprints_of
from holdfast.devices.common_credentials import CommonCredentials
from holdfast.devices.device import DEVICE, find_device
from holdfast.devices.directory import Attempt, Registration
from holdfast.devices.enrollment_group import Group
from holdfast.devices.manifests import deployment
from holdfast.devices.templates.kind import DEVICE_TEMPLATE, manifest_for
from holdfast.kernel.clock import Clock, isoformat
from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.log.port import EMPTY_TWIN
from holdfast.protocol.dps import Code, DpsError, check_registration
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.sas import (
    SasToken,
    derive_key,
    is_expired,
    is_signed_by,
    parse_registration_resource,
    parse_sas,
)
from holdfast.protocol.x509 import check_validity, common_name, parse_chain, thumbprints, verify_chain
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.port import ChangePath, ResourceStore

_ROLE = frozenset({Permission.DEVICE_READ, Permission.DEVICE_CREATE, Permission.DEVICE_UPDATE})


class _RefusedError(Exception):
    """The attempt ends here with a code of the protocol."""

    def __init__(self, code: Code, message: str, status: str = "failed") -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class _Proven(NamedTuple):
    """An enrollment that the attempt fits."""

    group: Group | None
    """None: an individual enrollment."""


class ProvisioningService:
    """See `devices.directory.Provisioning`; blocking here, the control role calls it in threads."""

    def __init__(
        self,
        store: ResourceStore,
        changes: ChangePath,
        common: CommonCredentials,
        clock: Clock,
        *,
        id_scope: str,
        hub: str,
    ) -> None:
        self._store = store
        self._changes = changes
        self._common = common
        self._clock = clock
        self._scope = id_scope
        self._hub = hub

    def register(self, attempt: Attempt) -> Registration:
        """Judge the attempt; see `Provisioning.register`."""
        now = self._clock.now()
        principal = Principal(
            id=f"registration:{attempt.registration.lower()}",
            kind=PrincipalKind.DEVICE,
            name=attempt.registration,
            grants=(Grant(ROOT, _ROLE, "provisioning"),),
            address=attempt.address,
        )
        try:
            check_registration(attempt.registration)
            if attempt.scope.lower() != self._scope.lower():
                raise _RefusedError(Code.UNAUTHORIZED, "the ID scope is not this instance's")
            device = find_device(self._store, attempt.registration)
            proven = self._prove(attempt, device, now)
            if attempt.look_up:
                return self._looked_up(attempt, device, now)
            return self._assign(principal, attempt, device, proven, now)
        except DpsError as error:
            return self._failed(attempt, Code.BAD_REQUEST, str(error), "failed", now)
        except ProtocolError as error:
            self._audit(principal, str(error))
            return self._failed(attempt, Code.UNAUTHORIZED, "Unauthorized", "failed", now)
        except _RefusedError as error:
            self._audit(principal, str(error))
            message = "Unauthorized" if error.code is Code.UNAUTHORIZED else str(error)
            return self._failed(attempt, error.code, message, error.status, now)

    def _audit(self, principal: Principal, reason: str) -> None:
        self._changes.record(
            principal, "registration.refused", resource=principal.name, outcome="refused", detail=reason
        )

    def _failed(self, attempt: Attempt, code: Code, message: str, status: str, now: float) -> Registration:
        return Registration(
            status, attempt.registration, error_code=code, error_message=message, created=now, updated=now
        )

    # Proof

    def _prove(self, attempt: Attempt, device: Resource | None, now: float) -> _Proven:
        individual = self._store.get(ATTESTATION, device.id) if device is not None else None
        if attempt.chain:
            return self._prove_by_certificate(attempt, individual, now)
        token = self._token(attempt, now)
        if individual is not None:
            if not _signed(token, keys_of(individual.body)):
                raise _RefusedError(Code.UNAUTHORIZED, "the token is not signed with the device's keys")
            return _Proven(None)
        return self._prove_by_group_key(attempt, token)

    def _token(self, attempt: Attempt, now: float) -> SasToken:
        token = parse_sas(attempt.sas)
        resource = parse_registration_resource(token.target)
        named = (resource.scope.lower(), resource.registration.lower())
        if named != (self._scope.lower(), attempt.registration.lower()):
            raise _RefusedError(Code.UNAUTHORIZED, "the token is for another registration")
        if is_expired(token, now):
            raise _RefusedError(Code.UNAUTHORIZED, "the token has expired")
        return token

    def _prove_by_group_key(self, attempt: Attempt, token: SasToken) -> _Proven:
        for group in self._common.groups("symmetricKey"):
            keys = tuple(derive_key(key, attempt.registration) for key in group.keys)
            if _signed(token, keys):
                return self._enabled(group)
        raise _RefusedError(Code.UNAUTHORIZED, "no enrollment group's key fits the token")

    def _prove_by_certificate(self, attempt: Attempt, individual: Resource | None, now: float) -> _Proven:
        chain = parse_chain(attempt.chain)
        leaf = chain[0]
        if common_name(leaf).lower() != attempt.registration.lower():
            raise _RefusedError(Code.UNAUTHORIZED, "the certificate is for another registration id")
        check_validity(leaf, now)
        if individual is not None:
            if thumbprints(leaf).isdisjoint(thumbprints_of(individual.body)):
                raise _RefusedError(Code.UNAUTHORIZED, "the certificate is not the enrolled one")
            return _Proven(None)
        owners: dict[bytes, Group] = {}
        authorities: list[x509.Certificate] = []
        for group in self._common.groups("x509"):
            for authority in group.authorities:
                owners.setdefault(authority.public_bytes(Encoding.DER), group)
                authorities.append(authority)
        path = verify_chain(chain, authorities, now)
        nearest = next(c for c in path[1:] if c.public_bytes(Encoding.DER) in owners)
        group = owners[nearest.public_bytes(Encoding.DER)]
        if leaf.serial_number in group.revoked:
            raise _RefusedError(Code.UNAUTHORIZED, "the certificate is revoked")
        return self._enabled(group)

    def _enabled(self, group: Group) -> _Proven:
        if not group.enabled:
            message = f"The enrollment group {group.id} is disabled."
            raise _RefusedError(Code.WAITING_OR_BLOCKED, message, "disabled")
        return _Proven(group)

    def _looked_up(self, attempt: Attempt, device: Resource | None, now: float) -> Registration:
        """How the device is registered; the proof is not judged further, as nothing changes."""
        if device is None or not device.body.get("registration"):
            raise _RefusedError(Code.UNKNOWN_REGISTRATION, "The device is not registered.")
        if attempt.sas and not self._common.sas_allowed(device.organization):
            raise _RefusedError(Code.UNAUTHORIZED, "symmetric keys are switched off here")
        if device.body.get("enabled") is not True:
            raise _RefusedError(Code.WAITING_OR_BLOCKED, "The device is blocked or waits for approval.")
        return self._assigned(attempt, device, is_new=True, now=now)

    # Assignment

    def _assign(
        self, principal: Principal, attempt: Attempt, device: Resource | None, proven: _Proven, now: float
    ) -> Registration:
        organization = device.organization if device else self._organization(proven)
        if attempt.sas and not self._common.sas_allowed(organization):
            raise _RefusedError(Code.UNAUTHORIZED, "symmetric keys are switched off here")
        if device is not None and device.body.get("enabled") is not True:
            raise _RefusedError(Code.WAITING_OR_BLOCKED, "The device is blocked or waits for approval.")
        if device is None and proven.group is None:
            raise _RefusedError(Code.UNKNOWN_REGISTRATION, "There is no such device.")
        approved = device is not None or (proven.group is not None and proven.group.auto_approve)
        stored = self._store_device(principal, attempt, proven, device, organization, approved, now)
        if not approved:
            raise _RefusedError(Code.WAITING_OR_BLOCKED, "The device waits for approval.")
        return self._assigned(attempt, stored, is_new=device is None, now=now)

    def _organization(self, proven: _Proven) -> OrganizationPath:
        name = proven.group.organization if proven.group else ""
        return OrganizationPath(name) if name else ROOT

    def _store_device(
        self,
        principal: Principal,
        attempt: Attempt,
        proven: _Proven,
        device: Resource | None,
        organization: OrganizationPath,
        approved: bool,
        now: float,
    ) -> Resource:
        model = attempt.payload.get("modelId") or attempt.payload.get("iotcModelId") or ""
        before = device.body if device else {}
        known = before.get("registration")
        earlier = known if isinstance(known, dict) else {}
        if approved and device is not None and not attempt.force and _is_same(before, attempt, proven, model):
            return device  # a device that registers at each start costs no write
        registration: JsonObject = {
            "registrationId": attempt.registration,
            "created": earlier.get("created") or isoformat(now),
            "updated": isoformat(now),
            "modelId": str(model),
        }
        group = proven.group
        body: JsonObject = {
            "provisioned": approved,
            "enabled": approved,
            "registration": registration,
            "group": group.id if group else "",
        }
        template = before.get("template") or self._template(str(model)) or (group.template if group else "")
        if template:
            body["template"] = template
        if group is not None and group.edge and device is None:
            body["types"] = ["iotEdge"]
        action = Action.MERGE if device else Action.CREATE
        id = device.id if device else attempt.registration
        change = Change(action, DEVICE, id, body, organization=None if device else organization)
        manifest = manifest_for(self._store, str(body.get("template") or ""), device)
        more = deployment(id, before, manifest, lambda _module: EMPTY_TWIN) if manifest else []
        try:
            applied, *_ = self._changes.apply_all(principal, [change, *more])
        except ConflictError as error:  # another attempt of the same device was faster
            raise _RefusedError(Code.THROTTLED, "Another registration of the device is under way.") from error
        except InvalidError as error:
            raise _RefusedError(Code.BAD_REQUEST, str(error)) from error
        assert applied.resource is not None
        return applied.resource

    def _template(self, model: str) -> str:
        """The published template for a model id."""
        if not model:
            return ""
        found = self._store.look_up(DEVICE_TEMPLATE, "capabilityModel.@id", model)
        return found.id if found else ""

    def _assigned(self, attempt: Attempt, device: Resource, *, is_new: bool, now: float) -> Registration:
        return Registration(
            status="assigned",
            registration=attempt.registration,
            device=device.id,
            hub=self._hub,
            substatus="initialAssignment" if is_new else "deviceDataMigrated",
            created=device.created,
            updated=now,
            etag=device.etag,
        )


def _signed(token: SasToken, keys: tuple[bytes, ...]) -> bool:
    # No early end: how long it takes says nothing about which key fits.
    fits = [is_signed_by(token, key) for key in keys]
    return any(fits)


def _is_same(body: JsonObject, attempt: Attempt, proven: _Proven, model: object) -> bool:
    registration = body.get("registration")
    return (
        body.get("provisioned") is True
        and body.get("group") == (proven.group.id if proven.group else "")
        and isinstance(registration, dict)
        and registration.get("registrationId") == attempt.registration
        and registration.get("modelId") == str(model)
    )
