"""Device certificates: reading what a device presented, and verifying a chain up to an enrolled authority.

TLS hands over whatever the device sent without judging it (a certificate known by its thumbprint is often
self-signed), so everything is checked here. Verification is pyca's path validation (RFC 5280 section 6) with
the extensions that real devices have: their leafs carry neither alternative names nor key usages as a rule.
"""

import datetime
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from holdfast.protocol.errors import ProtocolError

MAXIMUM_CHAIN = 8
"""Certificates that a device may present; OpenSSL's own default depth is 100, real chains have 2 to 4."""
MAXIMUM_CERTIFICATE_BYTES = 16 * 1024
CLOCK_SKEW = 300.0
"""Seconds for which a certificate is already or still taken outside its validity; as for tokens."""


class CertificateError(ProtocolError):
    """The bytes are no certificate, or the certificate is not good for this."""


def parse_certificate(der: bytes) -> x509.Certificate:
    """A certificate from its DER bytes, everything that is read later included."""
    if len(der) > MAXIMUM_CERTIFICATE_BYTES:
        raise CertificateError(f"The certificate is larger than {MAXIMUM_CERTIFICATE_BYTES:,} bytes.")
    try:
        certificate = x509.load_der_x509_certificate(der)
        # Fields are parsed when they are first read: read them here, so that nothing fails later.
        _ = (
            certificate.subject,
            certificate.issuer,
            certificate.extensions,
            certificate.public_key(),
            certificate.signature_hash_algorithm,
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )
    except Exception:
        raise CertificateError("The bytes are not a certificate that can be read.") from None
    return certificate


def parse_chain(chain: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """The certificates that a device presented, leaf first."""
    if not 0 < len(chain) <= MAXIMUM_CHAIN:
        raise CertificateError(f"A device presents 1 to {MAXIMUM_CHAIN} certificates.")
    return tuple(parse_certificate(der) for der in chain)


def common_name(certificate: x509.Certificate) -> str:
    """The subject's one common name, which is the device's registration id."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1 or not isinstance(value := names[0].value, str):
        raise CertificateError("The certificate's subject must have exactly one common name.")
    return value


def thumbprints(certificate: x509.Certificate) -> frozenset[str]:
    """The SHA-1 and SHA-256 of the certificate, in lower-case hexadecimal: enrollments hold either.

    SHA-1 names a certificate that the operator enrolled; nothing rests on its resistance to collisions.
    """
    return frozenset(
        {
            certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303 - see above
            certificate.fingerprint(hashes.SHA256()).hex(),
        }
    )


def check_validity(certificate: x509.Certificate, now: float) -> None:
    """CertificateError when the certificate is not valid yet or any more."""
    if now + CLOCK_SKEW < certificate.not_valid_before_utc.timestamp():
        raise CertificateError("The certificate is not valid yet.")
    if now - CLOCK_SKEW > certificate.not_valid_after_utc.timestamp():
        raise CertificateError("The certificate has expired.")


def verify_chain(
    chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate], now: float
) -> tuple[x509.Certificate, ...]:
    """The path from the leaf to one of `authorities`, both included. CertificateError when there is none.

    The leaf comes first in `chain`; the others may stand in any order. An authority may be an intermediate.
    """
    if not authorities:
        raise CertificateError("No certificate authority is enrolled for the certificate.")
    leaf, *intermediates = chain
    verifier = (
        PolicyBuilder()
        .store(Store(list(authorities)))
        .time(datetime.datetime.fromtimestamp(now, tz=datetime.UTC))
        .max_chain_depth(MAXIMUM_CHAIN)
        .extension_policies(ca_policy=_AUTHORITY_EXTENSIONS, ee_policy=_LEAF_EXTENSIONS)
        .build_client_verifier()
    )
    try:
        return tuple(verifier.verify(leaf, intermediates).chain)
    except (VerificationError, ValueError):
        raise CertificateError(
            "The certificate does not lead to an enrolled certificate authority."
        ) from None


def _is_authority(
    _policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is None or not constraints.ca:
        raise ValueError("a certificate in the chain is no certificate authority")


_LEAF_EXTENSIONS = ExtensionPolicy.permit_all()
_AUTHORITY_EXTENSIONS = ExtensionPolicy.permit_all().require_present(
    x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority
)


def der(certificate: x509.Certificate) -> bytes:
    """The certificate's bytes."""
    return certificate.public_bytes(Encoding.DER)
