"""Who connects to the hub: judges a CONNECT by the device's credentials. Pure: no lookups, no clock.

A device proves itself by a shared access signature in the password (with its own key, or a shared access
policy's), or by the certificate that it presented in TLS. What a device may learn from a refusal is one code
for every cause.
"""

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509

from holdfast.devices.directory import DeviceCredentials
from holdfast.gateway.errors import RefusedError
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.hub import HubUser
from holdfast.protocol.sas import (
    CLOCK_SKEW,
    SasToken,
    is_expired,
    is_signed_by,
    parse_hub_resource,
    parse_sas,
)
from holdfast.protocol.x509 import (
    check_validity,
    common_name,
    parse_certificate,
    parse_chain,
    thumbprints,
    verify_chain,
)

_NOBODYS_KEY = bytes(32)
"""Signed against when there is no device, so that an unknown id takes as long as a wrong key."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a device showed at its CONNECT; kept for the session, to be judged again when things change."""

    token: SasToken | None = None
    chain: tuple[bytes, ...] = ()
    """DER of the certificates, leaf first."""

    @property
    def method(self) -> str:
        """`sas` or `x509`."""
        return "sas" if self.token is not None else "x509"


@dataclass(frozen=True, slots=True)
class HubIdentity:
    """What this hub answers to."""

    hosts: frozenset[str] = frozenset()
    """Names that may stand in a token, in lower case; empty: any name."""


def read_proof(password: bytes | None, chain: tuple[bytes, ...]) -> Proof:
    """The proof in a CONNECT: the token if there is a password, else the certificate."""
    if password:
        try:
            return Proof(token=parse_sas(password.decode("ascii")))
        except (ProtocolError, UnicodeDecodeError) as error:
            raise RefusedError(f"the password is no shared access signature: {error}") from None
    if not chain:
        raise RefusedError("neither a token nor a certificate was presented")
    return Proof(chain=chain)


def judge(
    user: HubUser, proof: Proof, credentials: DeviceCredentials | None, hub: HubIdentity, now: float
) -> float:
    """Let the device in, or raise RefusedError. Returns when the proof expires (Unix seconds)."""
    if proof.token is not None:
        expires = _judge_token(user, proof.token, credentials, hub, now)
    else:
        expires = _judge_chain(proof.chain, credentials, now)
    if credentials is None:
        raise RefusedError("there is no such device")
    if not credentials.enabled:
        raise RefusedError("the device or its enrollment is blocked", guilty=False)
    if user.module and user.module not in credentials.modules:
        raise RefusedError("the device has no such module")
    return expires


def _judge_token(
    user: HubUser, token: SasToken, credentials: DeviceCredentials | None, hub: HubIdentity, now: float
) -> float:
    if is_expired(token, now):
        raise RefusedError("the token has expired", guilty=False)
    policy = credentials.policies.get(token.key_name) if credentials else None
    keys = policy or (credentials.symmetric_keys if credentials else ()) or (_NOBODYS_KEY,)
    signed = [is_signed_by(token, key) for key in keys]
    if not any(signed) or keys == (_NOBODYS_KEY,):
        unknown = credentials is None and policy is None
        raise RefusedError("there is no such device" if unknown else "no key of the device signed the token")
    if policy is None or "/" in token.target:
        _check_resource(user, token)
    if hub.hosts and token.target.lower().partition("/")[0].partition(":")[0] not in hub.hosts:
        raise RefusedError("the token is for another hub")
    return token.expiry + CLOCK_SKEW


def _check_resource(user: HubUser, token: SasToken) -> None:
    try:
        resource = parse_hub_resource(token.target)
    except ProtocolError as error:
        raise RefusedError(str(error)) from None
    if (resource.device, resource.module) != (user.device, user.module):
        raise RefusedError("the token is for another device")


def _judge_chain(chain: tuple[bytes, ...], credentials: DeviceCredentials | None, now: float) -> float:
    if credentials is None:
        raise RefusedError("there is no such device")
    if not (credentials.thumbprints or credentials.authorities):
        raise RefusedError("the device does not authenticate with certificates")
    try:
        certificates = parse_chain(chain)
        leaf = certificates[0]
        check_validity(leaf, now)
        if credentials.thumbprints:
            _check_thumbprint(leaf, credentials)
        else:
            _check_authority(certificates, credentials, now)
    except ProtocolError as error:
        raise RefusedError(str(error)) from None
    if leaf.serial_number in credentials.revoked_serials:
        raise RefusedError("the certificate is revoked", guilty=False)
    return leaf.not_valid_after_utc.timestamp() + CLOCK_SKEW


def _check_thumbprint(leaf: x509.Certificate, credentials: DeviceCredentials) -> None:
    if thumbprints(leaf).isdisjoint(credentials.thumbprints):
        raise RefusedError("the certificate is not the one that was enrolled")


def _check_authority(
    certificates: tuple[x509.Certificate, ...], credentials: DeviceCredentials, now: float
) -> None:
    if common_name(certificates[0]).lower() != credentials.device.lower():
        raise RefusedError("the certificate is for another device")
    verify_chain(certificates, [_authority(der) for der in credentials.authorities], now)


@lru_cache(maxsize=1024)
def _authority(der: bytes) -> x509.Certificate:
    """Enrolled authorities are few and asked for at every CONNECT."""
    return parse_certificate(der)
